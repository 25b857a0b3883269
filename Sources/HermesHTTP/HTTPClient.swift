import CCurl
import Dispatch
import HermesSupport

/// An HTTP/1.1 and HTTP/2 client over libcurl: one event-loop thread for any number of transfers, which share its
/// connections.
///
/// - Redirects are followed here and not by libcurl, so that Authorization never goes to another origin.
/// - Only http and https are ever spoken; a redirect from https to http is refused.
/// - Proxies are those of the environment, read once when the client is made.
/// - Can be used from any thread. The thread ends with `close()` or with the last reference to the client.
package final class HTTPClient: Sendable {
    private let loop: HTTPEventLoop
    /// The file of certificate authorities that are trusted; nil for libcurl's own.
    package let authorities: String?

    private let metrics: HTTPMetrics

    /// Starts the event-loop thread. `authorities` is the file of certificate authorities to trust; nil leaves libcurl's own.
    /// `proxies` are for hosts that have none of their own; `metrics` count what happens. Throws `system` when the thread
    /// cannot be started.
    package init(
        authorities: String? = CABundle.find(), proxies: ProxySettings = .environment,
        metrics: HTTPMetrics = HTTPMetrics()
    ) throws {
        guard Self.initialized else { throw HermesError(.system, "cannot initialise libcurl") }
        self.authorities = authorities
        self.metrics = metrics
        loop = try HTTPEventLoop(authorities: authorities, proxies: proxies)
    }

    deinit { loop.close(waiting: false) }

    /// curl_global_init, once per process.
    private static let initialized = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// Sends a request; the answer goes to `handler`, on the event-loop thread. Throws at once, without calling the
    /// handler, when the request cannot be made: an unreadable file, a header with a line break, a closed client.
    @discardableResult
    package func start(_ request: HTTPRequest, handler: any HTTPHandler) throws -> HTTPTask {
        let transfer = try HTTPTransfer(request, metrics: metrics, handler: handler)
        guard loop.post(.start(transfer)) else {
            throw HermesError(.interrupted, "the HTTP client is closed")
        }
        return HTTPTask(loop: loop, transfer: transfer)
    }

    /// Runs `action` on the event-loop thread soon. Throws when the client is closed.
    package func perform(_ action: @escaping @Sendable () -> Void) throws {
        guard loop.post(.perform(action)) else {
            throw HermesError(.interrupted, "the HTTP client is closed")
        }
    }

    /// Runs `action` soon and never within the call: on the event-loop thread, or elsewhere when the client is closed.
    package func soon(_ action: @escaping @Sendable () -> Void) {
        if !loop.post(.perform(action)) { DispatchQueue.global().async(execute: action) }
    }

    /// Runs `action` on the event-loop thread at a point of time, unless it is cancelled or the client closed before. To be
    /// called on that thread.
    package func schedule(at due: Monotonic, _ action: @escaping () -> Void) -> HTTPTimer {
        loop.schedule(at: due, action)
    }

    /// Takes a timer back. To be called on the event-loop thread.
    package func cancel(_ timer: HTTPTimer) { loop.cancel(timer) }

    /// Cancels all transfers, whose handlers get `interrupted`, ends the thread and waits for its end. May be called more
    /// than once; must not be called from a handler.
    package func close() { loop.close(waiting: true) }
}
