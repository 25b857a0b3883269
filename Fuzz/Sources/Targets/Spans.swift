@testable import HermesCore

extension FuzzTarget {
    /// Compiled span maps.
    static let spans = FuzzTarget(name: "spans") { bytes in
        try readSpans(FuzzFiles.file(bytes))
    }

    /// Opens a compiled span map and asks for everything that it has.
    static func readSpans(_ path: String) throws {
        let map = try SpanMap(path)
        let decoder = try SpanDecoder()
        for index in 0..<min(map.count, 64) {
            let range = map.uncompressedRange(index)
            check(map.compressedRange(index).upperBound <= map.compressedSize, "span \(index) ends behind the blob")
            if !range.isEmpty { check(map.span(at: range.lowerBound) == index, "span \(index) is not at its start") }
            let window = try map.packedWindow(index)
            _ = window.reduce(0, ^)
            // The digest is that of other bytes; large spans are left out because of the memory they take.
            if range.count < 1 << 20 {
                _ = window.withUnsafeBytes { bytes in try? decoder.decode(map, index, bytes) { $0.reduce(0, ^) } }
            }
        }
    }
}
