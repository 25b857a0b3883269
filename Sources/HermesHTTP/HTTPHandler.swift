import HermesSupport

/// The answer of a handler to the bytes that it was given.
package enum HTTPFlow: Sendable {
    /// The bytes are taken; more can come.
    case taken
    /// None of the bytes are taken: the transfer waits for `HTTPTask.resume()`, then the same bytes come again.
    case full
    /// The handler has all it needs; the transfer ends, and that is a success.
    case stop
}

/// The receiver of an answer.
///
/// All calls come from the client's event-loop thread, one after the other, and must not block: every transfer of the
/// client waits meanwhile. `finished` comes exactly once and last.
package protocol HTTPHandler: AnyObject, Sendable {
    /// The answer's head has come; redirects were followed. Return false to end the transfer, which is a success.
    func began(_ head: HTTPHead) -> Bool
    /// The next bytes of the body; the buffer is valid only during the call.
    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow
    /// The transfer is over. Success says that the answer was complete (or the handler stopped it), whatever its status;
    /// a cancelled transfer fails with `interrupted`.
    func finished(_ result: Result<Void, HermesError>)
}
