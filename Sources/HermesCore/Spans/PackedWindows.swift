import CZstd
import HermesSupport

/// The windows of a layer's checkpoints as its compiled spans hold them: without their zeros.
///
/// In the windows of an index that Hermes built, all bytes are zero that inflate does not look back at: nine of ten. A packed
/// window is a row of pieces, little-endian: a u16, how many words of 8 bytes are zero; a u16, how many words follow; those
/// words. Behind the last piece all is zero; a window of zeros is one piece of no words. A first start waits for
/// this, and zstd would take many times as long.
///
/// A window of which this leaves more than a quarter is one zstd frame (RFC 8878). No piece begins as its magic number does: that
/// many words are more than a window has.
///
/// One thread at a time.
struct PackedWindows: ~Copyable {
    private static let wordCount = Checkpoint.windowSize / 8
    private static let headSize = 4
    /// zstd's magic number.
    private static let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

    /// The packed windows, one behind the other.
    private(set) var bytes: [UInt8] = []
    private var zstd: WindowPacker
    // A piece takes 4 bytes and at least one word of zeros is left out before each but the first, so nothing gets longer by more
    // than the head of one piece.
    private let scratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Checkpoint.windowSize + headSize, alignment: 8)

    /// Throws `system` when memory is short.
    init() throws { zstd = try WindowPacker() }

    deinit { scratch.deallocate() }

    /// Adds a window of 32 KiB; throws `system` when memory is short.
    mutating func append(_ window: UnsafeRawBufferPointer) throws {
        let packed = pack(window)
        bytes.append(
            contentsOf: packed.count <= Checkpoint.windowSize / 4 ? packed : try zstd.compressed(window))
    }

    /// The window in pieces, valid until the next call.
    private func pack(_ window: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        precondition(window.count == Checkpoint.windowSize, "a window has 32 KiB")
        func isZero(_ word: Int) -> Bool { window.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self) == 0 }
        var size = 0
        var next = 0
        repeat {
            let end = next
            while next < Self.wordCount, isZero(next) { next += 1 }
            // Zeros behind the last piece are left out.
            let zeros = next < Self.wordCount ? next - end : 0
            let start = next
            while next < Self.wordCount, !isZero(next) { next += 1 }
            guard size == 0 || next > start else { break }
            // Both numbers are 4,096 at most.
            scratch.storeBytes(of: UInt16(zeros).littleEndian, toByteOffset: size, as: UInt16.self)
            scratch.storeBytes(of: UInt16(next - start).littleEndian, toByteOffset: size + 2, as: UInt16.self)
            let words = UnsafeRawBufferPointer(rebasing: window[8 * start..<8 * next])
            UnsafeMutableRawBufferPointer(rebasing: scratch[(size + Self.headSize)...]).copyMemory(from: words)
            size += Self.headSize + words.count
        } while next < Self.wordCount
        return UnsafeRawBufferPointer(rebasing: scratch[..<size])
    }

    /// Writes a packed window out into the 32 KiB of `window`. Returns whether `packed` is one; if not, `window` holds anything.
    static func unpack(
        _ packed: UnsafeRawBufferPointer, into window: UnsafeMutableRawBufferPointer, _ zstd: OpaquePointer?
    ) -> Bool {
        guard !packed.starts(with: frame) else {
            return ZSTD_decompressDCtx(zstd, window.baseAddress, window.count, packed.baseAddress, packed.count)
                == window.count
        }
        window.initializeMemory(as: UInt8.self, repeating: 0)
        var position = 0
        var rest = packed
        while !rest.isEmpty {
            guard rest.count >= headSize else { return false }
            let zeros = Int(UInt16(littleEndian: rest.loadUnaligned(as: UInt16.self)))
            let size = 8 * Int(UInt16(littleEndian: rest.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            position += 8 * zeros
            guard rest.count - headSize >= size, window.count - position >= size else { return false }
            UnsafeMutableRawBufferPointer(rebasing: window[position..<position + size])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[headSize..<headSize + size]))
            position += size
            rest = UnsafeRawBufferPointer(rebasing: rest[(headSize + size)...])
        }
        return true
    }
}
