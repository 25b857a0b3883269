import HermesSupport

/// A range fetch under way; can be used from any thread, any number of times, also after its end.
package struct RangeFetchHandle: Sendable {
    private let stop: @Sendable () -> Void
    private let hurry: @Sendable (Monotonic) -> Void

    /// Receives the bytes of a range and the name of the host that sent them; the pointer is valid during the call.
    package typealias Delivery = @Sendable (_ bytes: UnsafeRawBufferPointer, _ host: String) -> Void
    /// Receives the end of a fetch.
    package typealias Completion = @Sendable (Result<Void, HermesError>) -> Void

    /// Makes a handle of two functions: one stops the fetch, the other gives the fetch a deadline.
    package init(
        cancel stop: @escaping @Sendable () -> Void, urge hurry: @escaping @Sendable (Monotonic) -> Void = { _ in }
    ) {
        self.stop = stop
        self.hurry = hurry
    }

    /// Stops the fetch soon. Its completion is still called, once.
    package func cancel() { stop() }

    /// Tells the fetch that a process waits for it, until `deadline`: see `FetchTerms`. A later deadline replaces an
    /// earlier one.
    package func urge(until deadline: Monotonic) { hurry(deadline) }
}
