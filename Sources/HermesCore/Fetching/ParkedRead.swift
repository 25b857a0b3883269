import HermesSupport

/// A read that waits for spans: the buffer that the spans fill, and the completion to call after the last one.
///
/// `missing` and `isDone` belong to the scheduler's lock. The buffer is written without the lock: each span of the
/// range is copied by the one thread that inflated it, to a part of the buffer of its own. The buffer is freed as soon
/// as the read is answered, not with the last reference: a scheduler holds reads until those before them are done.
final class ParkedRead: @unchecked Sendable {
    typealias Completion = @Sendable (Result<UnsafeRawBufferPointer, HermesError>) -> Void

    /// An index into the image's layers.
    let layer: Int
    /// The range of the uncompressed layer.
    let range: Range<Int64>
    /// When it was parked.
    let start: Monotonic
    /// The time at which the read fails with EIO in any case.
    let deadline: Monotonic
    private(set) var buffer: UnsafeMutableRawBufferPointer
    /// Spans that have not come yet.
    var missing = 0
    /// Whether the completion has been, or is about to be, called.
    var isDone = false
    private let completion: Completion

    init(
        layer: Int, range: Range<Int64>, start: Monotonic, deadline: Monotonic, completion: @escaping Completion
    ) {
        self.layer = layer
        self.range = range
        self.start = start
        self.deadline = deadline
        self.completion = completion
        buffer = .allocate(byteCount: range.count, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// Copies the part of a span's bytes that the read asked for. `start` is the span's first byte in the layer.
    func take(_ bytes: UnsafeRawBufferPointer, at start: Int64) {
        let low = max(start, range.lowerBound)
        let high = min(start + Int64(bytes.count), range.upperBound)
        guard low < high else { return }
        // low and high lie in both ranges, so both slices are inside their buffers.
        UnsafeMutableRawBufferPointer(
            rebasing: buffer[Int(low - range.lowerBound)..<Int(high - range.lowerBound)]
        )
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(low - start)..<Int(high - start)]))
    }

    /// Calls the completion. To be called once, by the thread that set `isDone`.
    func finish(_ error: HermesError?) {
        if let error {
            completion(.failure(error))
        } else {
            completion(.success(UnsafeRawBufferPointer(buffer)))
            // Every part has come, so no thread writes here any more. A failed read's parts may be under way still.
            buffer.deallocate()
            buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
    }
}
