import CZlib

/// Finds out which bytes of a checkpoint's window are really referenced, so that the others can be zero.
///
/// A back-reference reaches 32 KiB, so only the first 32 KiB of output after the checkpoint can refer to the window.
/// That output is inflated twice more, with two artificial windows instead of the real one. At position p they hold
/// `a = p mod 256` and `b = a + 1 + p / 256 (mod 256)`; p / 256 is below 128, so a and b always differ. An output byte
/// that is the same in both runs does not come from the window; one that differs spells the position it comes from.
/// Owned by one indexer, used by one thread at a time.
struct WindowTracer: ~Copyable {
    private static let size = Checkpoint.windowSize

    private var first: InflateStream
    private var second: InflateStream
    // Six slices of 32 KiB, in the order of the properties below.
    private let memory: UnsafeMutableRawBufferPointer
    private let firstWindow: UnsafeMutableRawBufferPointer
    private let secondWindow: UnsafeMutableRawBufferPointer
    private let firstOutput: UnsafeMutableRawBufferPointer
    private let secondOutput: UnsafeMutableRawBufferPointer
    private let window: UnsafeMutableRawBufferPointer
    private let sparse: UnsafeMutableRawBufferPointer
    private var produced = 0
    private var agree = true

    /// True from `start` until the window is taken.
    private(set) var isActive = false
    /// True when feeding more input would change nothing.
    private(set) var isComplete = false

    /// Allocates everything; throws `system` when memory is short.
    init() throws {
        let first = try InflateStream(windowBits: InflateStream.raw)
        let second = try InflateStream(windowBits: InflateStream.raw)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 6 * Self.size, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        func slice(_ index: Int) -> UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(rebasing: memory[(index * Self.size)..<((index + 1) * Self.size)])
        }
        self.first = first
        self.second = second
        self.memory = memory
        firstWindow = slice(0)
        secondWindow = slice(1)
        firstOutput = slice(2)
        secondOutput = slice(3)
        window = slice(4)
        sparse = slice(5)
        for position in 0..<Self.size {
            firstWindow[position] = UInt8(truncatingIfNeeded: position)
            secondWindow[position] = UInt8(truncatingIfNeeded: position + 1 + (position >> 8))
        }
    }

    deinit { memory.deallocate() }

    /// Starts at a checkpoint: its bits, the byte that holds them, and its window of 32 KiB.
    mutating func start(bits: UInt8, shared: UInt8, window: UnsafeRawBufferPointer) {
        self.window.copyMemory(from: window)
        first.resetRaw(bits: bits, shared: shared, window: UnsafeRawBufferPointer(firstWindow))
        second.resetRaw(bits: bits, shared: shared, window: UnsafeRawBufferPointer(secondWindow))
        produced = 0
        agree = true
        isActive = true
        isComplete = false
    }

    /// Feeds the compressed bytes that follow, in order.
    mutating func feed(_ input: UnsafeRawBufferPointer) {
        guard isActive, !isComplete else { return }
        let left = first.step(input, into: UnsafeMutableRawBufferPointer(rebasing: firstOutput[produced...]))
        let right = second.step(
            input, into: UnsafeMutableRawBufferPointer(rebasing: secondOutput[produced...]))
        produced += left.produced
        // The same deflate data takes the same steps whatever the window holds.
        agree = left.produced == right.produced && left.status == right.status
        let goesOn = left.status == Z_OK || left.status == Z_BUF_ERROR
        if left.status != Z_STREAM_END && !goesOn { agree = false }
        isComplete = !goesOn || !agree || produced == Self.size
    }

    /// Ends the trace and calls `body` with the window, valid for the call: without its unreferenced bytes if the trace
    /// is complete, else whole.
    mutating func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        isActive = false
        guard agree, isComplete else { return try body(UnsafeRawBufferPointer(window)) }
        sparse.initializeMemory(as: UInt8.self, repeating: 0)
        for index in 0..<produced {
            let a = firstOutput[index]
            let b = secondOutput[index]
            if a != b {
                // The mask keeps the index inside the window whatever the outputs were.
                let position = ((Int(b &- a &- 1) << 8) | Int(a)) & (Self.size - 1)
                sparse[position] = window[position]
            }
        }
        try body(UnsafeRawBufferPointer(sparse))
    }
}
