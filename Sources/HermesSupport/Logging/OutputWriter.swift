import Glibc

/// Writes text to a descriptor on a thread of its own, so that no other thread waits for the reader: a full pipe or a
/// stopped terminal must not stop reads and fetches.
///
/// Safe for use from any thread, and no call but `flush` blocks. The thread "hermes-log" is started with the first text
/// and lasts as long as the process. At most twice the limit is held in memory: what waits, and what is being written.
package final class OutputWriter: Sendable {
    private struct State {
        var queue: OutputQueue
        var hasThread = false
        /// Whether a piece is being written.
        var isWriting = false
    }

    private let descriptor: Int32
    private let notice: @Sendable (Int) -> String
    private let state: Monitor<State>

    /// `descriptor` stays open for as long as the process. At most `limit` bytes wait for it. `notice` gives the line that
    /// says how many lines were dropped because there was no room; it is called with a lock held and must not write.
    package init(_ descriptor: Int32, limit: Int = 256 << 10, notice: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.notice = notice
        state = Monitor(State(queue: OutputQueue(limit: limit)))
    }

    /// Writes whole lines soon, in one piece, above the status if there is one.
    package func write(_ text: String) { change { $0.add(text) } }

    /// Shows a status in a terminal's last line soon, in place of the one before; an empty text takes it away.
    package func show(status: String) { change { $0.show(status) } }

    /// Waits until everything so far is written, for at most so many milliseconds.
    package func flush(milliseconds: Int64) {
        let start = Monotonic.now()
        state.withLock { held in
            while held.value.isWriting || held.value.queue.hasPiece {
                let rest = milliseconds - Int64(Monotonic.now().milliseconds(since: start))
                guard rest > 0 else { return }
                held.wait(milliseconds: rest)
            }
        }
    }

    private func change(_ body: (inout OutputQueue) -> Void) {
        let starts = state.withLock { held in
            body(&held.value.queue)
            held.broadcast()
            guard !held.value.hasThread, held.value.queue.hasPiece else { return false }
            held.value.hasThread = true
            return true
        }
        guard starts else { return }
        do {
            try SystemThread("hermes-log") { [self] in
                while true {
                    waitForPiece()
                    writePiece()
                }
            }.detach()
        } catch {
            // A process at its limit of threads can still say so.
            state.withLock { $0.value.hasThread = false }
            writePiece()
        }
    }

    private func waitForPiece() {
        state.withLock { held in
            while !held.value.queue.hasPiece { held.wait() }
        }
    }

    private func writePiece() {
        let piece: [UInt8]? = state.withLock { held in
            guard held.value.queue.hasPiece else { return nil }
            held.value.isWriting = true
            return held.value.queue.take(notice: notice)
        }
        guard let piece else { return }
        emit(piece)
        state.withLock { held in
            held.value.isWriting = false
            held.broadcast()
        }
    }

    private func emit(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // The descriptor is shared with other programs, one of which may have made it non-blocking.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if count == 0 || errno != EINTR {
                // No output is left on which to report the failure.
                return
            }
        }
    }
}
