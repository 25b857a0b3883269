import CZstd
import HermesSupport

/// The windows of a layer's checkpoints, each compressed with zstd: mostly zero bytes, they shrink to a few KiB.
struct WindowStore: Sendable {
    /// The windows in their compressed form, one behind the other.
    private(set) var bytes: [UInt8] = []
    // Where each window ends in `bytes`; one that is all zero takes no bytes.
    private var ends: [Int] = []

    /// The number of windows.
    var count: Int { ends.count }

    /// Adds a window that is all zero.
    mutating func appendZero() { ends.append(bytes.count) }

    /// Adds a window in its compressed form.
    mutating func append(compressed window: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: window)
        ends.append(bytes.count)
    }

    /// Calls `body` with the 32,768 bytes of a window, valid for the call. Any thread.
    func withWindow<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        let start = index == 0 ? 0 : ends[index - 1]
        let end = ends[index]
        let size = Checkpoint.windowSize
        return try withUnsafeTemporaryAllocation(byteCount: size, alignment: 64) { window in
            if start == end {
                window.initializeMemory(as: UInt8.self, repeating: 0)
            } else {
                // zstd stays inside the sizes it is given, and start..<end is inside the array.
                let written = bytes.withUnsafeBytes {
                    ZSTD_decompress(
                        window.baseAddress, size, $0.baseAddress?.advanced(by: start), end - start)
                }
                guard written == size else {
                    throw HermesError(.system, "cannot unpack the window of checkpoint \(index)")
                }
            }
            return try body(UnsafeRawBufferPointer(window))
        }
    }
}

/// Compresses windows into a store. Used by one thread at a time.
struct WindowPacker: ~Copyable {
    // zstd's default level: smaller than 1 and still a small part of the pass.
    private static let level: Int32 = 3

    private let context: OpaquePointer
    private let scratch: UnsafeMutableRawBufferPointer
    /// The windows so far.
    private(set) var store = WindowStore()

    /// Allocates everything; throws `system` when memory is short.
    init() throws {
        guard let context = ZSTD_createCCtx() else {
            throw HermesError(.system, "cannot start zstd: out of memory")
        }
        self.context = context
        scratch = .allocate(byteCount: ZSTD_compressBound(Checkpoint.windowSize), alignment: 64)
    }

    deinit {
        ZSTD_freeCCtx(context)
        scratch.deallocate()
    }

    /// Adds a window that is all zero.
    mutating func appendZero() { store.appendZero() }

    /// Adds a window; throws `system` when memory is short.
    mutating func append(_ window: UnsafeRawBufferPointer) throws {
        store.append(compressed: try compressed(window))
    }

    /// A window's compressed form, valid until the next call; throws `system` when memory is short.
    func compressed(_ window: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        let size = ZSTD_compressCCtx(
            context, scratch.baseAddress, scratch.count, window.baseAddress, window.count, Self.level)
        // The scratch holds the worst case, so only memory can be the reason.
        guard ZSTD_isError(size) == 0 else {
            throw HermesError(.system, "cannot pack a window: out of memory")
        }
        return UnsafeRawBufferPointer(rebasing: scratch[..<size])
    }
}
