import Glibc
import HermesSupport

/// A blob as a stream that one thread pulls, while the event loop fills a bounded buffer.
///
/// A connection that breaks is replaced by one that goes on where it stopped, as often as the retry policy allows
/// without progress in between. The bytes are not checked against the digest; a caller that reads to the end can
/// compare it. The first read starts the transfer; dropping the stream ends it.
final class BlobStream: ByteSource {
    private let client: RegistryClient
    private let blob: BlobRedirects.Blob
    private let size: Int64
    /// When the reader waits no longer; nil for no such time.
    private let deadline: Monotonic?
    private let buffer: BlobStreamBuffer
    /// The hosts that are still to be asked before all begins anew, and the one that is being asked.
    private var round: HostRound
    private var host: Int?
    /// The transfer that fills the buffer.
    private var exchange: BlobExchange?
    /// Bytes that the reader got.
    private var offset: Int64 = 0
    /// Failures since there was progress, and where the stream was at the first of them.
    private var failures = 0
    private var failedAt: Int64 = 0

    /// Progress that makes a new failure the first one again: a server that drips single bytes must not be asked for ever.
    private static let progress: Int64 = 256 << 10

    init(client: RegistryClient, blob: BlobRedirects.Blob, size: Int64, deadline: Monotonic? = nil) {
        self.client = client
        self.blob = blob
        self.size = size
        self.deadline = deadline
        buffer = BlobStreamBuffer(blob: blob)
        round = client.round(.pull, thing: blob.description)
    }

    deinit { exchange?.cancel() }

    func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !room.isEmpty, offset < size else { return 0 }
        while true {
            while exchange == nil { try begin() }
            switch buffer.take(into: room, until: deadline) {
            case .bytes(let count, let resume):
                offset += Int64(count)
                if offset == size, let host { client.succeeded(host) }
                if resume { exchange?.resume() }
                return count
            case .late:
                exchange?.cancel()
                throw HermesError(.unavailable, "the registry \(client.name) did not send \(blob) in time")
            case .failed(let error):
                exchange = nil
                try pause(after: error)
            }
        }
    }

    private func begin() throws {
        guard let index = host ?? round.next() else { return try pause(after: client.noHost(.pull)) }
        host = index
        buffer.restart(wanted: offset..<size, from: client.hosts[index])
        let exchange = try BlobExchange(
            client.hosts[index], blob, range: offset == 0 ? nil : offset..<size, handler: buffer)
        self.exchange = exchange
        exchange.start()
    }

    /// Waits before the next try; throws the error when no further try is allowed.
    private func pause(after error: HermesError) throws {
        let thing = blob.description
        if let index = host {
            host = nil
            client.failed(index, error, thing: thing)
            round.failed(index, error)
            if HostHealth.Fault(error) != nil, round.hasAnother { return }
        }
        let error = round.error ?? error
        guard error.code == .unavailable else { throw error }
        if offset - failedAt >= Self.progress {
            failures = 0
            failedAt = offset
        }
        failures += 1
        let random = Double.random(in: 0...1)
        guard let delay = client.retries.delay(failures: failures, asked: error.retryAfter, random: random) else {
            throw error
        }
        if let deadline, deadline.milliseconds(since: .now()) < Double(delay) { throw error }
        // Delays are minutes at most. A signal that shortens one does no harm.
        _ = poll(nil, 0, Int32(clamping: delay))
        round = client.round(.pull, thing: thing)
    }
}
