import HermesSupport

/// The spans of a layer that is not compressed: slices of equal size, the last one shorter.
///
/// Stored as a FlatBuffer of its own in the place of a gzip layer's checkpoints.
package struct TarZinfo: Sendable, Equatable {
    /// The version that is written.
    private static let version: Int32 = 2

    /// The size of a span, in bytes; positive.
    package let spanSize: Int64
    /// The size of the layer, in bytes; not negative.
    package let size: Int64

    /// Makes spans. Throws `corrupt` unless the span size is positive, the size is not negative, and the spans can be
    /// numbered with 31 bits.
    package init(spanSize: Int64, size: Int64) throws {
        guard spanSize > 0, size >= 0, size / spanSize < Int64(Int32.max) else {
            throw HermesError(.corrupt, "a layer of \(size) bytes cannot have spans of \(spanSize) bytes")
        }
        self.spanSize = spanSize
        self.size = size
    }

    /// Reads the stored form. Throws `corrupt` for anything else.
    package init(decoding bytes: UnsafeRawBufferPointer) throws {
        let table = try FlatBufferTable(rootOf: bytes)
        let version = try table.scalar(ZTOC.Slot.TarZinfo.version, as: Int32.self)
        guard version == Self.version else {
            throw HermesError(
                .unsupported, "the spans of the uncompressed layer have the unknown version \(version)")
        }
        try self.init(
            spanSize: table.scalar(ZTOC.Slot.TarZinfo.spanSize), size: table.scalar(ZTOC.Slot.TarZinfo.size))
    }

    /// The number of spans.
    package var spanCount: Int64 { size / spanSize + (size % spanSize == 0 ? 0 : 1) }

    /// The stored form.
    package func encoded() -> [UInt8] {
        var builder = FlatBufferBuilder()
        builder.startTable(slotCount: ZTOC.Slot.TarZinfo.count)
        builder.add(ZTOC.Slot.TarZinfo.version, Self.version)
        builder.add(ZTOC.Slot.TarZinfo.spanSize, spanSize)
        builder.add(ZTOC.Slot.TarZinfo.size, size)
        let root = builder.endTable()
        builder.finish(root: root)
        return builder.take { Array($0) }
    }
}
