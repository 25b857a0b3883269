@testable import HermesCore
@testable import HermesSupport

extension FuzzTarget {
    /// Tar archives, in one piece and in many; what is valid becomes a zTOC, and is compiled as a mount does.
    static let tar = FuzzTarget(name: "tar") { bytes in
        var input = FuzzInput(bytes)
        let mode = input.byte()
        let seed = input.byte()
        var archive = Array(input.rest)
        // Mutations would never get past the checksums.
        if mode & 1 == 0 { sealHeaders(&archive) }
        try archive.withUnsafeBytes { archive in
            let whole = parse(archive, seed: nil)
            let pieces = parse(archive, seed: seed)
            check(whole == pieces, "the pieces that an archive arrives in change what it holds")
            guard case .success(let found) = whole else { return }
            try roundTrip(found)
        }
    }

    private struct Archive: Equatable {
        var entries: [TarEntry] = []
        var size: Int64 = 0
    }

    private struct Refusal: Error, Equatable {
        let text: String
    }

    private static func parse(_ archive: UnsafeRawBufferPointer, seed: Int?) -> Result<Archive, Refusal> {
        var parser = TarParser()
        var found = Archive()
        do {
            if let seed {
                try inPieces(archive, seed: seed) { try parser.consume($0) { found.entries.append($0) } }
            } else {
                try parser.consume(archive) { found.entries.append($0) }
            }
            try parser.finish()
        } catch {
            check(error is HermesError, "an error that is not Hermes's: \(error)")
            return .failure(Refusal(text: "\(error)"))
        }
        found.size = parser.archiveSize
        return .success(found)
    }

    /// The zTOC of an archive is valid and holds the same entries.
    private static func roundTrip(_ archive: Archive) throws {
        let size = archive.size
        let spanSize = max(size / 3, 1)
        let count = Int(try TarZinfo(spanSize: spanSize, size: size).spanCount)
        var writer = ZTOCWriter()
        for entry in archive.entries { try writer.append(entry) }
        var ztoc: [UInt8] = []
        let layer = ZTOCWriter.Layer(
            compressedSize: size, uncompressedArchiveSize: size,
            spanDigests: Array(repeating: Digest.of([1, 2, 3]), count: count))
        _ = try writer.writeUncompressed(layer, spanSize: spanSize) { ztoc += $0 }
        try ztoc.withUnsafeBytes { bytes in
            let view: ZTOCView
            do {
                view = try ZTOCView(bytes)
                try view.validate()
            } catch {
                return check(false, "a zTOC that was just written: \(error)")
            }
            check(view.entryCount == archive.entries.count, "entries were lost")
            for (index, entry) in archive.entries.enumerated() {
                let read = try TarEntry(try view.entry(index))
                check(read.name == entry.name && read.size == entry.size, "entry \(index) is another")
            }
            try compile(view)
        }
    }

    /// Gives every block that looks like a header the checksum that it needs (POSIX.1-2017 pax, "ustar").
    private static func sealHeaders(_ archive: inout [UInt8]) {
        for start in stride(from: 0, through: archive.count - 512, by: 512) {
            guard archive[start + 257..<start + 262].elementsEqual("ustar".utf8) else { continue }
            archive.replaceSubrange(start + 148..<start + 156, with: repeatElement(0x20, count: 8))
            let sum = archive[start..<start + 512].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0"
            archive.replaceSubrange(start + 148..<start + 155, with: field.utf8)
        }
    }
}
