import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The compressed forms of zTOCs, which an index lists and a source sends instead of them.
@Suite struct CompressedZTOCTests {
    private let image: IndexedImage
    private let ztoc: SOCIIndex.Layer
    private let plain: [UInt8]

    init() throws {
        let archive = LayerArchive.make { layer in
            for number in 0..<8 { layer.file("file\(number)", String(repeating: "line \(number)\n", count: 50_000)) }
        }
        image = try IndexedImage([(archive, .gzip(.gzip6))], spanSize: 100_000)
        let files = try image.files()
        ztoc = try #require(files.layers.first?.ztoc)
        plain = Array(try #require(files.layers.first?.file).readOnly)
    }

    private var frame: SOCIIndex.Compressed { get throws { try #require(ztoc.compressed) } }

    /// The zTOC as a source delivers it.
    private func read() async throws -> [UInt8] {
        let found = try await IndexFiles.findReferrer(image.image, at: image.source, in: image.folder.path)
        return Array(try #require(found?.layers.first?.file).readOnly)
    }

    /// Puts other bytes under the digest of the compressed form.
    private func replace(_ bytes: [UInt8]) throws {
        try AtomicFile.write(
            bytes, to: image.layout.blobPath(try frame.digest), temporaryIn: image.folder.path)
    }

    private func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        var frame: [UInt8] = []
        try bytes.withUnsafeBytes { try Zstandard.compress($0) { frame.append(contentsOf: $0) } }
        return frame
    }

    @Test func isReadInsteadOfTheZTOC() async throws {
        #expect(try frame.size < ztoc.size / 2)
        unlink(image.layout.blobPath(ztoc.digest))
        #expect(try await read() == plain)
    }

    @Test func isNotNeeded() async throws {
        var bare = ztoc
        bare.compressed = nil
        let index = SOCIIndex(subject: image.image.descriptor, layers: [bare])
        try image.layout.addManifest(
            index.encoded(), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType)
        unlink(image.layout.blobPath(try frame.digest))
        #expect(try await read() == plain)
    }

    @Test func isPassedOverWhereItIsLarger() async throws {
        var large = ztoc
        large.compressed = SOCIIndex.Compressed(digest: try frame.digest, size: ztoc.size)
        let index = SOCIIndex(subject: image.image.descriptor, layers: [large])
        try image.layout.addManifest(
            index.encoded(), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType)
        unlink(image.layout.blobPath(try frame.digest))
        #expect(try await read() == plain)
    }

    enum Damage: CaseIterable { case noFrame, cutOff, otherContent, longerContent, nothing }

    @Test(arguments: Damage.allCases) func isRefusedWhenDamaged(_ damage: Damage) async throws {
        var other = plain
        other[plain.count / 2] ^= 1
        switch damage {
        case .noFrame: try replace(Array("no frame".utf8))
        case .cutOff: try replace(Array(try compressed(plain).dropLast(7)))
        case .otherContent: try replace(try compressed(other))
        case .longerContent: try replace(try compressed(plain + [0]))
        case .nothing: try replace([])
        }
        let error = await #expect(throws: HermesError.self) { try await read() }
        #expect(error?.code == .corrupt)
        #expect(error?.description.contains("\(ztoc.layerDigest)") == true, "\(String(describing: error))")
    }
}
