/// A handle on a running transfer. Can be used from any thread, also from the handler; keeping or dropping it does not
/// matter to the transfer.
package final class HTTPTask: Sendable {
    private let loop: HTTPEventLoop
    private let transfer: HTTPTransfer

    init(loop: HTTPEventLoop, transfer: HTTPTransfer) {
        self.loop = loop
        self.transfer = transfer
    }

    /// Ends the transfer soon; its handler then gets `finished` with `interrupted`, unless it finished before.
    package func cancel() { loop.post(.cancel(transfer)) }

    /// Lets a transfer go on whose handler said `full`.
    package func resume() { loop.post(.resume(transfer)) }
}
