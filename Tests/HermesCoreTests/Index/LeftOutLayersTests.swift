import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Layers that an index does not list are indexed where it is used.
@Suite struct LeftOutLayersTests {
    private let image: IndexedImage
    /// The index of all layers, and one that has only the second.
    private let whole: IndexFiles
    private let part: SOCIIndex

    init() throws {
        let layers = ["lowest", "middle", "highest"].map { name in
            LayerArchive.make { $0.file("etc/\(name)", name) }
        }
        image = try IndexedImage(
            [(layers[0], .gzip(.gzip6)), (layers[1], .gzip(.gzip6)), (layers[2], .plain)],
            spanSize: LayerIndexer.usualSpanSize)
        whole = try image.files()
        part = SOCIIndex(subject: image.image.descriptor, layers: [whole.layers[1].ztoc])
    }

    private func leftOut(until deadline: Monotonic? = nil) -> LeftOutLayers {
        LeftOutLayers(image.source, in: image.folder.path, until: deadline, log: IndexedImage.silent)
    }

    private func files(_ leftOut: LeftOutLayers?, of other: Image? = nil) throws -> IndexFiles {
        let layout = image.layout
        return try IndexFiles(digest: .of([1]), index: part, image: other ?? image.image, leftOut: leftOut) { ztoc in
            try MappedFile(try OpenFile(layout.blobPath(ztoc.digest), O_RDONLY))
        }
    }

    private func fails(_ code: HermesError.Code, _ body: () throws -> Void) {
        let error = #expect(throws: HermesError.self, performing: body)
        #expect(error?.code == code)
    }

    /// The image, of whose lowest layer something else is said.
    private func changed(_ change: (inout Descriptor) -> Void) throws -> Image {
        var manifest = image.image.manifest
        change(&manifest.layers[0])
        return try Image(
            reference: "changed", descriptor: image.image.descriptor, manifest: manifest, config: image.image.config)
    }

    @Test func theyAreThoseOfAWholeIndex() throws {
        let files = try files(leftOut())
        #expect(files.digest == .of([1]))
        #expect(files.layers.map(\.ztoc.digest) == whole.layers.map(\.ztoc.digest))
        #expect(try self.files(leftOut(until: .now().adding(milliseconds: 600_000))).layers.count == 3)
    }

    @Test func theImageIsReadWithThem() throws {
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try files(leftOut()))
        let lazy = try cache.open(
            image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        for name in ["lowest", "middle", "highest"] { #expect(try lazy.tree.resolve("/etc/\(name)") > 1) }
    }

    @Test func withoutThemThePartIsRefused() throws { fails(.unsupported) { _ = try files(nil) } }

    @Test func theyHaveADeadline() throws {
        fails(.unavailable) { _ = try files(leftOut(until: .now())) }
        // What cannot come in time is not begun.
        let large = try changed { $0.size = 65 << 20 }
        fails(.unsupported) { _ = try files(leftOut(until: .now().adding(milliseconds: 600_000)), of: large) }
    }

    @Test func whatCannotBeIndexedIsRefused() throws {
        for type in ["application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.other"] {
            let other = try changed { $0.mediaType = type }
            fails(.unsupported) { _ = try files(leftOut(), of: other) }
        }
    }

    @Test func aBlobThatIsNotTheImagesIsRefused() throws {
        let path = image.layout.blobPath(image.image.layers[0].descriptor.digest)
        try TestTool.run(["sh", "-c", "echo garbage | dd of=\"$0\" conv=notrunc status=none", path])
        fails(.corrupt) { _ = try files(leftOut()) }
    }
}
