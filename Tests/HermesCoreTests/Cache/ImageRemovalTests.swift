import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Images that are taken out of the cache because nobody wants them any more.
@Suite struct ImageRemovalTests {
    private let folder: TestFolder
    private let cache: ImageCache

    init() throws {
        folder = try TestFolder()
        cache = try ImageCache(folder.path + "/cache")
    }

    private func layer(_ name: String) -> [UInt8] {
        LayerArchive.make { $0.add(Array(name.utf8), type: "0", testBytes(50_000, seed: UInt64(name.utf8.count))) }
    }

    private func compiled(_ layers: [[UInt8]]) throws -> IndexedImage {
        let image = try IndexedImage(layers.map { ($0, .plain) }, spanSize: 20_000)
        try cache.compile(image.image, try image.files())
        // Where another test starts a program, that has the leases until it executes.
        for name in try FolderListing.names(in: cache.path + "/layers") {
            while FolderLease.alone("\(cache.path)/layers/\(name)") == nil { usleep(1000) }
        }
        return image
    }

    private var layerCount: Int { get throws { try FolderListing.names(in: cache.path + "/layers").count } }

    @Test func layersOfOtherImagesStay() throws {
        let first = try compiled([layer("base"), layer("first")])
        let second = try compiled([layer("base"), layer("the second")])
        #expect(try layerCount == 3)
        cache.remove(first.image.descriptor.digest)
        #expect(try layerCount == 2)
        #expect(!cache.isCompiled(first.image))
        #expect(cache.isCompiled(second.image))
        cache.remove(second.image.descriptor.digest)
        #expect(try layerCount == 0)
        #expect(try FolderListing.names(in: cache.path + "/images").isEmpty)
        // What is gone can be removed again.
        cache.remove(second.image.descriptor.digest)
    }

    @Test func whatOutlivesAnImageIsForgottenOnDemand() throws {
        let (bytes, other) = (Array("manifest".utf8), Array("other".utf8))
        let spans = [SpanID(layer: 0, span: 3), SpanID(layer: 1, span: 0)]
        for manifest in [bytes, other] {
            cache.keep(manifest, .of(manifest))
            cache.keepStartup(spans, image: .of(manifest), ztocs: [])
        }
        #expect(cache.startup(image: .of(bytes), ztocs: []) == spans)
        cache.forget(.of(bytes))
        #expect(cache.startup(image: .of(bytes), ztocs: []) == [])
        #expect(cache.document(.of(bytes), limit: 100) == nil)
        #expect(cache.startup(image: .of(other), ztocs: []) == spans)
        #expect(cache.document(.of(other), limit: 100) == other)
    }

    @Test func whatIsOpenStays() throws {
        let image = try compiled([layer("base"), layer("first")])
        let lazy = try cache.open(
            image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        cache.remove(image.image.descriptor.digest)
        #expect(try layerCount == 2)
        var byte: UInt8 = 0
        let inode = try lazy.tree.resolve("/base")
        #expect(try withUnsafeMutableBytes(of: &byte) { try lazy.readBlocking(inode: inode, offset: 0, into: $0) } == 1)
    }
}
