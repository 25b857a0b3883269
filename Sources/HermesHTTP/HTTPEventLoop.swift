import CCurl
import HermesSupport
import Synchronization

/// The thread that drives libcurl's multi interface.
///
/// Everything of libcurl's, and the mutable state of transfers, belongs to the thread; others reach it through the
/// mailbox alone, and a debug build ends where they do not (`owner`).
final class HTTPEventLoop: @unchecked Sendable {
    enum Command {
        case start(HTTPTransfer)
        case cancel(HTTPTransfer)
        case resume(HTTPTransfer)
        case perform(@Sendable () -> Void)
    }

    private struct Mailbox {
        var commands: [Command] = []
        var closing = false
        /// Once true the multi handle is gone.
        var ended = false
    }

    private let mailbox = Mutex(Mailbox())
    private let ended = Monitor(false)
    /// The loop's thread.
    let owner = ThreadOwner()
    private let multi: UnsafeMutableRawPointer
    private let authorities: String?
    private let proxies: ProxySettings
    /// The transfers under way, by easy handle. Loop thread only.
    private var active: [UnsafeMutableRawPointer: HTTPTransfer] = [:]
    /// Loop thread only.
    private var timers = HTTPTimers()

    init(authorities: String?, proxies: ProxySettings) throws {
        guard let multi = curl_multi_init() else { throw HermesError(.system, "cannot initialise libcurl") }
        self.multi = multi
        self.authorities = authorities
        self.proxies = proxies
        // Idle connections that are kept; each holds a descriptor.
        hermes_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 64)

        do {
            // The thread keeps the loop until it ends. `close` waits for `ended`, so it may be called more than once.
            try SystemThread("hermes-http") { [self] in run() }.detach()
        } catch {
            curl_multi_cleanup(multi)
            throw error
        }
    }

    /// Hands a command to the thread; false when the loop is closed.
    @discardableResult
    func post(_ command: Command) -> Bool {
        mailbox.withLock { box in
            guard !box.closing else { return false }
            box.commands.append(command)
            // A wake-up is pending already when there were commands; under the lock, so that `multi` is still there.
            if box.commands.count == 1 { curl_multi_wakeup(multi) }
            return true
        }
    }

    /// Runs `action` at a point of time, unless the timer is cancelled or the loop closed before. Loop thread only.
    func schedule(at due: Monotonic, _ action: @escaping () -> Void) -> HTTPTimer {
        owner.assertOwned()
        return timers.add(at: due, action)
    }

    /// Takes a timer back. Loop thread only.
    func cancel(_ timer: HTTPTimer) {
        owner.assertOwned()
        timers.remove(timer)
    }

    func close(waiting: Bool) {
        mailbox.withLock { box in
            box.closing = true
            if !box.ended { curl_multi_wakeup(multi) }
        }
        if waiting { ended.withLock { state in while !state.value { state.wait() } } }
    }

    private func run() {
        // A SystemThread has all signals blocked, also SIGPIPE, which a write to a closed TLS connection would raise
        // (CURLOPT_NOSIGNAL(3)).
        owner.adopt()
        while true {
            let (commands, closing) = mailbox.withLock { box in
                defer { box.commands = [] }
                return (box.commands, box.closing)
            }
            for command in commands { execute(command) }
            if closing { break }
            let now = Monotonic.now()
            while let action = timers.takeDue(now) { action() }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            reap()
            // libcurl shortens the wait to its own timers; the wake-up ends it at once.
            curl_multi_poll(multi, nil, 0, pause, nil)
        }

        while let transfer = active.values.first {
            end(transfer, .failure(HermesError(.interrupted, "the HTTP client was closed")))
        }
        mailbox.withLock { $0.ended = true }
        curl_multi_cleanup(multi)
        ended.withLock { state in
            state.value = true
            state.broadcast()
        }
    }

    /// Milliseconds to the next timer, rounded up, and ten seconds at most.
    private var pause: Int32 {
        guard let due = timers.next else { return 10_000 }
        return Int32(min(max(due.milliseconds(since: .now()).rounded(.up), 0), 10_000))
    }

    private func execute(_ command: Command) {
        switch command {
        case .start(let transfer): start(transfer)
        case .cancel(let transfer):
            guard let easy = transfer.easy else { return }
            // A dead connection may be the reason to cancel, so it is closed unless another transfer uses it.
            hermes_curl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
            let name = transfer.url.display
            end(transfer, .failure(HermesError(.interrupted, "the request to \(name) was cancelled")))
        case .resume(let transfer):
            guard let easy = transfer.easy, transfer.paused else { return }
            transfer.paused = false
            // May call the handler before it returns, but never removes the handle.
            curl_easy_pause(easy, CURLPAUSE_CONT)
        case .perform(let action): action()
        }
    }

    private func start(_ transfer: HTTPTransfer) {
        do {
            transfer.owner = owner
            let easy = try transfer.prepare(authorities: authorities, proxies: proxies)
            active[easy] = transfer
            let status = curl_multi_add_handle(multi, easy)
            guard status == CURLM_OK else {
                throw HermesError(.system, "libcurl: \(String(cString: curl_multi_strerror(status)))")
            }
        } catch {
            end(transfer, .failure(.from(error)))
        }
    }

    /// Takes the finished transfers from libcurl.
    private func reap() {
        var easy: UnsafeMutableRawPointer?
        var code = CURLE_OK
        while hermes_curl_next_finished(multi, &easy, &code) != 0 {
            guard let easy, let transfer = active[easy] else { continue }
            switch transfer.outcome(code) {
            case .finished(let result): end(transfer, result)
            case .redirected:
                detach(transfer)
                start(transfer)
            }
        }
    }

    private func end(_ transfer: HTTPTransfer, _ result: Result<Void, HermesError>) {
        detach(transfer)
        transfer.finish(result)
    }

    /// Takes the easy handle off the multi handle; a connection that is in order goes back to the pool.
    private func detach(_ transfer: HTTPTransfer) {
        guard let easy = transfer.easy else { return }
        curl_multi_remove_handle(multi, easy)
        active[easy] = nil
        transfer.release()
    }
}
