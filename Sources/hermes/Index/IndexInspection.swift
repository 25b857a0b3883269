import HermesCore
import HermesSupport

/// The report of `hermes index inspect` on one index; the names are those of its JSON. Sizes are in bytes.
struct IndexInspection: Encodable {
    struct Layer: Encodable {
        let digest: Digest
        let mediaType: String
        let ztoc: Digest
        let files: Int
        let spans: Int
        let spanSize: Int64
        let compressedSize: Int64
        let uncompressedSize: Int64
        /// The zTOC's size as stored, and as sent with zstd content encoding.
        let ztocSize: Int64
        let ztocZstdSize: Int64
    }

    /// A layer of the image that the index does not list.
    struct LeftOut: Encodable {
        let digest: Digest
        let mediaType: String
        let compressedSize: Int64
        /// Whether it can be indexed where it is used; the image is not mounted otherwise.
        let isIndexedInUse: Bool
    }

    let index: Digest
    let subject: Digest
    let layers: [Layer]
    /// Lowest first; absent where the image is not known.
    let leftOut: [LeftOut]?

    /// Reads an index, that of `image` if it is given; `open` maps the file of a zTOC.
    init(
        _ digest: Digest, _ index: SOCIIndex, of image: Image? = nil, open: (SOCIIndex.Layer) throws -> MappedFile
    ) throws {
        var known = Set(try index.ztocs().map(\.layerDigest))
        leftOut = image.map { image in
            image.layers.filter { known.insert($0.descriptor.digest).inserted }.map {
                LeftOut(
                    digest: $0.descriptor.digest, mediaType: $0.descriptor.mediaType,
                    compressedSize: $0.descriptor.size, isIndexedInUse: LeftOutLayers.takes($0))
            }
        }
        self.index = digest
        subject = index.subject.digest
        layers = try index.ztocs().map { ztoc in
            let file = try open(ztoc)
            let view = try ZTOCView(file.readOnly)
            try view.validate()
            return Layer(
                digest: ztoc.layerDigest, mediaType: ztoc.layerMediaType, ztoc: ztoc.digest, files: view.entryCount,
                spans: view.spanCount, spanSize: try view.spanSize(), compressedSize: view.compressedSize,
                uncompressedSize: view.uncompressedSize, ztocSize: Int64(file.bytes.count),
                ztocZstdSize: try Zstandard.compressedSize(of: file.readOnly))
        }
    }

    /// The result for a person.
    var table: String {
        var table = TextTable(
            ["LAYER", "SIZE", "UNPACKED", "FILES", "SPANS", "ZTOC", "ZSTD", "OVERHEAD"], numeric: [1, 2, 3, 4, 5, 6, 7])
        func row(_ name: String, _ layers: [Layer]) -> [String] {
            func sum(_ value: (Layer) -> Int64) -> Int64 { layers.reduce(0) { $0 + value($1) } }
            let compressed = sum(\.compressedSize)
            return [
                name, Quantity.bytes(compressed), Quantity.bytes(sum(\.uncompressedSize)), "\(sum { Int64($0.files) })",
                "\(sum { Int64($0.spans) })", Quantity.bytes(sum(\.ztocSize)), Quantity.bytes(sum(\.ztocZstdSize)),
                Quantity.percent(sum(\.ztocZstdSize), of: compressed),
            ]
        }
        for layer in layers { table.append(row(String(layer.digest.hex.prefix(12)), [layer])) }
        if layers.count > 1 { table.append(row("all", layers)) }
        return "index \(index)\nof    \(subject)\n\(table.text)\(leftOutLines)"
    }

    private var leftOutLines: String {
        guard let leftOut, !leftOut.isEmpty else { return "" }
        var table = TextTable(["LEFT OUT", "SIZE", ""], numeric: [1])
        for layer in leftOut {
            table.append([
                String(layer.digest.hex.prefix(12)), Quantity.bytes(layer.compressedSize),
                layer.isIndexedInUse
                    ? "is indexed where it is used" : "cannot be indexed (\(layer.mediaType.safeLine))",
            ])
        }
        return "\n\n\(table.text)"
    }
}
