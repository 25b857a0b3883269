import HermesSupport

/// Reads the headers of a tar archive as it streams past; the data of files are skipped by count, never copied.
///
/// Understands V7, ustar, PAX, GNU and star headers, by the rules of Go's archive/tar, with which containerd unpacks
/// layers: a PAX global header has no effect on the entries after it, a PAX record with an empty value leaves the
/// header's field as it is, only type flag NUL makes a directory of a name that ends in "/". Memory is bounded by the
/// headers of one entry, whatever the archive holds.
///
/// One thread at a time. A parser that has thrown is not used again.
package struct TarParser: ~Copyable {
    /// The longest PAX header, GNU long name or sparse map, in bytes (the limit of Go's archive/tar and libarchive).
    static let metadataLimit = 1 << 20

    /// The part of the archive to which the next bytes belong, after those still to be skipped.
    enum State {
        /// A header, or the end of the archive.
        case header
        /// The second of the two zero blocks that end an archive.
        case secondZeroBlock
        /// The data of a PAX header or long name.
        case metadata(typeFlag: UInt8, count: Int)
        /// A further block of an old GNU sparse header.
        case sparseExtension
        /// The map at the start of a sparse file's data.
        case sparseMap
        /// Whatever follows the archive.
        case ended
    }

    var state = State.header
    /// Bytes consumed, up to the end of the archive.
    private(set) var position: Int64 = 0
    /// Where the headers of the current entry begin, for messages.
    var headerStart: Int64 = 0
    /// Bytes of data to skip before the next state, and the padding after them, which may be missing at the end.
    var dataToSkip: Int64 = 0
    var paddingToSkip: Int64 = 0
    /// A block whose bytes arrive in several pieces, or the metadata being read.
    private var collected: [UInt8] = []

    /// The contents of headers of the types x, L and K for the entry that follows.
    var records: [PAXRecord] = []
    var longName: [UInt8] = []
    var longLink: [UInt8] = []
    /// The sparse entry whose map is not complete.
    var sparse: PendingSparseFile?

    /// Starts at the first byte of an archive.
    package init() {}

    /// The archive's size in bytes: up to and with the two zero blocks that end it, or all bytes where there are none.
    ///
    /// Final after `finish()`. Equals the `uncompressed_archive_size` of a zTOC.
    package var archiveSize: Int64 { position }

    /// Whether the two zero blocks that end the archive were read.
    var hasEnded: Bool { if case .ended = state { true } else { false } }

    /// Reads the next bytes of the archive and reports the entries whose headers are complete.
    ///
    /// Pieces may be of any size. Bytes after the archive's end are ignored. Throws `corrupt` with the byte offset and
    /// the reason when the bytes are not a tar archive, `unsupported` for entries that cannot be in a layer, and the
    /// errors of `entry`.
    package mutating func consume(
        _ bytes: UnsafeRawBufferPointer, entry: (TarEntry) throws -> Void
    ) throws {
        var rest = bytes
        while !rest.isEmpty {
            if dataToSkip > 0 {
                dataToSkip -= skip(dataToSkip, &rest)
            } else if paddingToSkip > 0 {
                paddingToSkip -= skip(paddingToSkip, &rest)
            } else if case .ended = state {
                return
            } else if case .metadata(let typeFlag, let count) = state {
                try collect(count, &rest) { parser, body throws(TarFault) in
                    try parser.finishMetadata(typeFlag, body)
                    return nil
                }
            } else {
                if collected.isEmpty, case .header = state { headerStart = position }
                let found = try collect(TarHeader.blockSize, &rest) { parser, block throws(TarFault) in
                    try parser.processBlock(block)
                }
                if let found { try entry(found) }
            }
        }
    }

    /// Ends the archive. Throws `corrupt` where it is cut off inside a header or inside data.
    ///
    /// As in Go, the final zero blocks and the padding after the last file may be missing.
    package mutating func finish() throws {
        let isBetweenEntries =
            switch state {
            case .header, .secondZeroBlock, .ended: true
            case .metadata, .sparseExtension, .sparseMap: false
            }
        guard dataToSkip == 0, isBetweenEntries, collected.isEmpty else {
            throw HermesError(.corrupt, "the tar archive is cut off at byte \(position)")
        }
        state = .ended
    }

    /// Skips as much of `count` as `rest` has, and returns that.
    private mutating func skip(_ count: Int64, _ rest: inout UnsafeRawBufferPointer) -> Int64 {
        // Both are non-negative, and the smaller one fits in Int.
        let step = min(count, Int64(rest.count))
        advance(&rest, Int(step))
        return step
    }

    private mutating func advance(_ rest: inout UnsafeRawBufferPointer, _ step: Int) {
        // In bounds: callers take at most rest.count.
        rest = UnsafeRawBufferPointer(rebasing: rest[step...])
        position += Int64(step)
    }

    /// Hands `count` bytes, in one piece, to `process` once they have arrived; returns the result of `process`.
    @discardableResult
    private mutating func collect(
        _ count: Int, _ rest: inout UnsafeRawBufferPointer,
        _ process: (inout TarParser, UnsafeRawBufferPointer) throws(TarFault) -> TarEntry?
    ) throws -> TarEntry? {
        do throws(TarFault) {
            if collected.isEmpty, rest.count >= count {
                let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
                advance(&rest, count)
                return try process(&self, piece)
            }
            let step = min(count - collected.count, rest.count)
            collected += rest[..<step]
            advance(&rest, step)
            guard collected.count == count else { return nil }
            // Taken out, so that `process` can change the parser while it reads these bytes.
            var piece: [UInt8] = []
            swap(&piece, &collected)
            let result = piece.withUnsafeBytes { bytes in
                Result { () throws(TarFault) in try process(&self, bytes) }
            }
            return try result.get()
        } catch {
            throw HermesError(error.code, "tar header at byte \(headerStart): \(error.reason)")
        }
    }
}
