/// A way to stop something that runs; can be used from any thread, any number of times.
package struct Cancellation: Sendable {
    private let action: @Sendable () -> Void

    /// Makes one that calls `action`, which must allow more than one call.
    package init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    /// Stops the operation soon. The operation still calls its completion, once.
    package func cancel() { action() }
}
