/// The zTOC: the table of contents of one layer, and the checkpoints from which decompression can begin in its middle.
///
/// A FlatBuffer without file identifier or size prefix, compatible both ways with the SOCI snapshotter's. Tables and their
/// fields, by slot:
///
/// | table | fields |
/// |---|---|
/// | Ztoc (root) | version, build_tool_identifier, compressed_archive_size, uncompressed_archive_size, toc, compression_info |
/// | TOC | metadata: [FileMetadata] in the order of the archive |
/// | FileMetadata | name, type, uncompressed_offset, uncompressed_size, linkname, mode, uid, gid, uname, gname, mod_time, devmajor, devminor, xattrs |
/// | Xattr | key, value: all PAX records, not only extended attributes |
/// | CompressionInfo | compression_algorithm, max_span_id, span_digests, checkpoints |
///
/// Sizes are int64, uid and gid uint32, max_span_id int32, the algorithm int8 with the default gzip; all else is text or
/// bytes.
package enum ZTOC {
    /// The most bytes that one span may have, compressed or not: it is fetched and inflated whole, in memory.
    static let largestSpan: Int64 = 32 << 20

    /// The least bytes that a layer's spans may have on average, and the number of spans to which that does not apply.
    /// Each span costs its reader a digest, a record and a window: tiny ones are a mistake or an attack.
    static let leastSpan: Int64 = 4 << 10
    static let freeSpans: Int64 = 1024

    /// The most bytes that the zTOC of a blob of `size` bytes, 0...`Image.sizeLimit`, may have. An entry takes a few hundred
    /// bytes and its header a dozen in the blob at best (40 times); a window takes 32 KiB and the 2 MiB of zeros before it
    /// 2 KiB (16 times). A zTOC is usually a fiftieth of its blob.
    static func sizeLimit(ofBlob size: Int64) -> Int64 { min(Int64(Int32.max), 16 << 20 + 128 * size) }

    /// The only version of the format that exists.
    package static let version = "0.9"
    /// The build tool that is written: the one whose output this writer reproduces.
    package static let buildTool = "AWS SOCI CLI v0.2"

    /// How a layer is compressed.
    package enum Compression: Int8, Sendable {
        /// gzip (RFC 1952): spans begin at checkpoints.
        case gzip = 1
        /// Not at all: spans are slices of equal size.
        case uncompressed = 2
    }

    enum Slot {
        enum Root {
            static let version = 0, buildTool = 1, compressedSize = 2, uncompressedSize = 3, toc = 4
            static let compressionInfo = 5, count = 6
        }
        enum TableOfContents {
            static let metadata = 0, count = 1
        }
        enum File {
            static let name = 0, type = 1, offset = 2, size = 3, linkName = 4, mode = 5, uid = 6, gid = 7
            static let uname = 8, gname = 9, modificationTime = 10, deviceMajor = 11, deviceMinor = 12
            static let records = 13, count = 14
        }
        enum Record {
            static let key = 0, value = 1, count = 2
        }
        enum CompressionInfo {
            static let algorithm = 0, maxSpanID = 1, spanDigests = 2, checkpoints = 3, count = 4
        }
        enum TarZinfo {
            static let version = 0, spanSize = 1, size = 2, count = 3
        }
    }
}

extension TarEntry.Kind {
    /// The word for the kind in a zTOC.
    var ztocName: StaticString {
        switch self {
        case .regular: "reg"
        case .hardLink: "hardlink"
        case .symbolicLink: "symlink"
        case .directory: "dir"
        case .characterDevice: "char"
        case .blockDevice: "block"
        case .fifo: "fifo"
        }
    }

    /// The kind whose word in a zTOC is `name`; nil for any other word.
    init?(ztocName name: UnsafeRawBufferPointer) {
        let kind = TarEntry.Kind.allCases.first { kind in
            kind.ztocName.withUTF8Buffer { $0.count == name.count && $0.elementsEqual(name) }
        }
        guard let kind else { return nil }
        self = kind
    }
}
