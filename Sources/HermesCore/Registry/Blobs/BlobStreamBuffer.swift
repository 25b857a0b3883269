import HermesHTTP
import HermesSupport

/// The buffer between the event loop, which fills it, and the thread that reads a `BlobStream`.
final class BlobStreamBuffer: HTTPHandler, @unchecked Sendable {
    enum Outcome {
        /// So many bytes were copied; when `resume`, the transfer waits and is to go on.
        case bytes(Int, resume: Bool)
        /// The buffer is empty, and the transfer is over.
        case failed(HermesError)
        /// The deadline has come, and the buffer is empty.
        case late
    }

    private struct State {
        /// The ring: where the oldest byte is, and how many there are.
        var start = 0
        var count = 0
        /// Whether the transfer waits for `resume`.
        var full = false
        /// Set at the end of the transfer, also of a complete one: the reader knows how many bytes to expect.
        var failure: HermesError?
    }

    private static let capacity = 4 << 20

    private let blob: BlobRedirects.Blob
    private let ring = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    private let state = Monitor(State())

    // The running transfer; event-loop thread only, but for `restart`, which is called when none runs.
    private var wanted: Range<Int64> = 0..<0
    private var host: RegistryHost?
    private var reply: RangeReply?
    private var error: HermesError?
    private var refusal: HTTPHead?
    private var refusalBody: [UInt8] = []

    init(blob: BlobRedirects.Blob) { self.blob = blob }

    deinit { ring.deallocate() }

    /// Gets ready for a transfer of `wanted`; from `host`; the one before has ended, and all its bytes were taken.
    func restart(wanted: Range<Int64>, from host: RegistryHost) {
        self.host = host
        self.wanted = wanted
        reply = nil
        error = nil
        refusal = nil
        refusalBody = []
        state.withLock { $0.value = State() }
    }

    /// Copies out what there is; waits, until `deadline` if there is one, when there is nothing yet. Reader's thread.
    func take(into room: UnsafeMutableRawBufferPointer, until deadline: Monotonic? = nil) -> Outcome {
        enum Ready {
            case late
            case filled(start: Int, count: Int)
            case over(HermesError)
        }
        let ready: Ready = state.withLock { held in
            while held.value.count == 0 {
                if let failure = held.value.failure { return .over(failure) }
                guard let deadline else {
                    held.wait()
                    continue
                }
                let rest = deadline.milliseconds(since: .now())
                guard rest > 0 else { return .late }
                held.wait(milliseconds: Int64(rest) + 1)
            }
            return .filled(start: held.value.start, count: held.value.count)
        }
        switch ready {
        case .late: return .late
        case .over(let error): return .failed(error)
        case .filled(let start, let filled):
            // The filled part is `filled` bytes from `start`, in one piece or two. The event loop only adds behind it, so
            // that it can be read without the lock.
            let count = min(room.count, filled)
            let first = min(count, Self.capacity - start)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: ring[start..<start + first]))
            if first < count {
                UnsafeMutableRawBufferPointer(rebasing: room[first...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: ring[..<(count - first)]))
            }
            return state.withLock { held in
                held.value.start = (start + count) % Self.capacity
                held.value.count -= count
                // Half a buffer at a time, so that the connection is not stopped and started for every chunk.
                let resume = held.value.full && held.value.count <= Self.capacity / 2
                if resume { held.value.full = false }
                return .bytes(count, resume: resume)
            }
        }
    }

    func began(_ head: HTTPHead) -> Bool {
        guard head.status == 200 || head.status == 206 else {
            refusal = head
            return true
        }
        do {
            let name = "\(head.url.origin), blob \(blob.digest)"
            reply = try RangeReply(head, wanted: wanted, name: name)
            if let length = head.contentLength, head.status == 200, length != wanted.upperBound {
                throw HermesError(
                    .protocolViolation,
                    "\(name) has \(length) bytes, but its descriptor says \(wanted.upperBound)")
            }
            return true
        } catch {
            self.error = .from(error)
            return false
        }
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        guard refusal == nil else {
            guard refusalBody.count + bytes.count <= RegistryHost.errorLimit else { return .stop }
            refusalBody.append(contentsOf: bytes)
            return .taken
        }
        let end: Int? = state.withLock { held in
            guard bytes.count <= Self.capacity - held.value.count else {
                held.value.full = true
                return nil
            }
            return (held.value.start + held.value.count) % Self.capacity
        }
        guard let end else { return .full }
        do {
            guard let wanted = try reply?.take(bytes) else { return .stop }
            copy(wanted, to: end)
            state.withLock { held in
                // The reader waits for the first byte only.
                if held.value.count == 0 { held.broadcast() }
                held.value.count += wanted.count
            }
            return .taken
        } catch {
            self.error = .from(error)
            return .stop
        }
    }

    /// Copies bytes, for which there is room, to the free part from `end`, which the reader does not touch.
    private func copy(_ bytes: UnsafeRawBufferPointer, to end: Int) {
        let first = min(bytes.count, Self.capacity - end)
        UnsafeMutableRawBufferPointer(rebasing: ring[end...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<first]))
        if first < bytes.count { ring.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[first...])) }
    }

    func finished(_ result: Result<Void, HermesError>) {
        let failure: HermesError
        if case .failure(let error) = result {
            failure = error
        } else if let error {
            failure = error
        } else if let refusal, let host {
            failure = host.failure(refusal, refusalBody, what: "blob \(blob.digest)")
        } else {
            failure = HermesError(.unavailable, "\(host?.name ?? "the registry"): blob \(blob.digest) ended too early")
        }
        state.withLock { held in
            held.value.failure = failure
            held.broadcast()
        }
    }
}
