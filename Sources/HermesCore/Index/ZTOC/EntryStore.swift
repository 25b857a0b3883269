/// Entries of a table of contents, kept as compact bytes until the zTOC, which is built from its last entry to its
/// first, can be written.
///
/// An entry takes its texts and about 30 bytes; entries lie in chunks, so that nothing large is ever moved.
struct EntryStore {
    /// Some entries after one another.
    struct Chunk {
        fileprivate(set) var bytes: [UInt8] = []
        /// Where each entry starts in `bytes`.
        fileprivate(set) var starts: [UInt32] = []
    }

    private static let chunkSize = 1 << 18

    private(set) var chunks: [Chunk] = []
    private(set) var count = 0
    /// The bytes that the entries take.
    private(set) var byteCount = 0
    private var scratch: [UInt8] = []

    /// Adds an entry. Its texts are bounded by the tar parser.
    mutating func append(_ entry: TarEntry) {
        scratch.removeAll(keepingCapacity: true)
        write(entry)
        // A chunk ends when it is full; an entry larger than a chunk has one for itself, so a start fits in 32 bits.
        if chunks.isEmpty || chunks[chunks.count - 1].bytes.count + scratch.count > Self.chunkSize {
            var chunk = Chunk()
            chunk.bytes.reserveCapacity(max(Self.chunkSize, scratch.count))
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].starts.append(
            UInt32(truncatingIfNeeded: chunks[chunks.count - 1].bytes.count))
        chunks[chunks.count - 1].bytes += scratch
        count += 1
        byteCount += scratch.count
    }

    private mutating func write(_ entry: TarEntry) {
        scratch.append(entry.kind.rawValue)
        write(entry.dataOffset)
        write(entry.size)
        write(entry.mode)
        write(Int64(entry.uid))
        write(Int64(entry.gid))
        write(entry.modificationTime.seconds)
        write(Int64(entry.modificationTime.nanoseconds))
        write(entry.deviceMajor)
        write(entry.deviceMinor)
        write(entry.name)
        write(entry.linkName)
        write(entry.uname)
        write(entry.gname)
        write(Int64(entry.paxRecords.count))
        for record in entry.paxRecords {
            write(record.key)
            write(record.value)
        }
    }

    /// Seven bits to a byte, the sign in the lowest bit: small numbers of either sign are short.
    private mutating func write(_ value: Int64) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        while rest >= 0x80 {
            scratch.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        scratch.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func write(_ text: [UInt8]) {
        write(Int64(text.count))
        scratch += text
    }

    /// Reads what `append` wrote, field by field in its order.
    struct Reader {
        private var rest: UnsafeRawBufferPointer

        init(_ bytes: UnsafeRawBufferPointer, at start: UInt32) {
            rest = UnsafeRawBufferPointer(rebasing: bytes[Int(start)...])
        }

        mutating func byte() -> UInt8 {
            let value = rest[0]
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            return value
        }

        mutating func number() -> Int64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                let next = byte()
                value |= UInt64(next & 0x7f) << shift
                shift += 7
                if next < 0x80 { break }
            }
            return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
        }

        mutating func text() -> UnsafeRawBufferPointer {
            let count = Int(number())
            let value = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            return value
        }
    }
}
