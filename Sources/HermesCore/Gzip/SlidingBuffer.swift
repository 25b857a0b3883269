/// Where inflate writes: fresh output behind the 32 KiB that came before it, all in one piece of memory.
///
/// The history makes every window a plain slice; when the buffer is full its last 32 KiB become the new history.
/// Owned by one indexer, used by one thread at a time.
struct SlidingBuffer: ~Copyable {
    /// Large enough that moving the history is rare, small enough to stay in a core's own cache.
    private static let fresh = 256 * 1024
    private static let size = Checkpoint.windowSize + fresh

    private let memory: UnsafeMutableRawBufferPointer
    private var end = Checkpoint.windowSize
    private var delivered = Checkpoint.windowSize

    /// An empty buffer: its history is zero, as windows at the start of a stream are.
    init() {
        memory = .allocate(byteCount: Self.size, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { memory.deallocate() }

    /// The space behind the output so far. Never empty after `slide()`.
    var space: UnsafeMutableRawBufferPointer {
        // `end` never exceeds the size: it grows by the bytes that were written into this very slice.
        UnsafeMutableRawBufferPointer(rebasing: memory[end...])
    }

    /// The last 32 KiB of output, zero-filled in front if there was less.
    var window: UnsafeRawBufferPointer {
        // end is at least the window size from the start on.
        UnsafeRawBufferPointer(rebasing: memory[(end - Checkpoint.windowSize)..<end])
    }

    /// The output that has not been delivered yet.
    var undelivered: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[delivered..<end])
    }

    /// Notes that `count` bytes were written to `space`.
    mutating func advance(by count: Int) { end += count }

    /// Notes that the output so far has been delivered.
    mutating func markDelivered() { delivered = end }

    /// Makes the last 32 KiB the new history and everything behind it free. All output must have been delivered.
    mutating func slide() {
        let start = end - Checkpoint.windowSize
        if start > 0 {
            // Both ranges are inside the allocation; copyMemory allows overlap.
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
        }
        end = Checkpoint.windowSize
        delivered = end
    }
}
