/// A point from which inflate can start in the middle of a gzip stream: a deflate block boundary.
///
/// Together with the 32 KiB of output before it (the window, RFC 1951 section 2) it is all that inflate needs.
package struct Checkpoint: Sendable, Equatable {
    /// The bytes of output that a deflate back-reference can reach (RFC 1951 section 2).
    package static let windowSize = 32_768

    /// The offset, in compressed bytes, of the first full byte after the boundary.
    package var compressedOffset: Int64
    /// The number of uncompressed bytes before the boundary.
    package var uncompressedOffset: Int64
    /// How many high bits of byte `compressedOffset - 1` lie after the boundary: 0...7.
    package var bits: UInt8

    /// Makes a checkpoint of its three numbers.
    package init(compressedOffset: Int64, uncompressedOffset: Int64, bits: UInt8) {
        self.compressedOffset = compressedOffset
        self.uncompressedOffset = uncompressedOffset
        self.bits = bits
    }

    /// The first compressed byte that inflate has to see: the shared one if the boundary is inside a byte.
    package var spanStart: Int64 { compressedOffset - (bits != 0 ? 1 : 0) }
}
