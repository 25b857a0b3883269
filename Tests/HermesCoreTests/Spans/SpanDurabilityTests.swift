import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What of a layer's cache outlives a power loss, and how its content is compared with the image.
@Suite struct SpanDurabilityTests {
    private let folder: TestFolder
    /// A tar of 2048 bytes.
    private let content = LayerArchive.make { $0.file("file") }
    private let ztocFile: LayerZTOC

    init() throws {
        folder = try TestFolder()
        ztocFile = try LayerZTOC(of: content)
    }

    private func open() throws -> SpanStore {
        try SpanStore(folder: folder.path, count: 70, size: Int64(content.count))
    }

    /// Stores spans of 29 bytes each, the last one longer.
    private func store(_ spans: some Sequence<Int>, in store: SpanStore) throws {
        for span in spans {
            let end = span == 69 ? content.count : span * 29 + 29
            try content[span * 29..<end].withUnsafeBytes { try store.store(span, $0, at: Int64(span * 29)) }
        }
    }

    private func verify(_ store: SpanStore, _ diffID: Digest, isStopped: Bool = false) throws -> LayerCheck? {
        try store.verify(diffID, ztoc: ztocFile.open, isStopped: { isStopped })?.check
    }

    /// Gives `present` the boot ID of another boot.
    private func reboot() throws {
        var file = try TestTool.read(folder.path + "/present")
        for byte in 16..<32 { file[byte] ^= 0x0f }
        try TestTool.write(file, to: folder.path + "/present")
    }

    private func flip(_ place: Int64) throws {
        let data = try OpenFile(folder.path + "/data", O_RDWR)
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try data.read(into: $0, at: place) }
        byte[0] ^= 1
        try byte.withUnsafeBytes { try data.write($0, at: place) }
    }

    @Test func onlyWhatWasSyncedOutlivesABoot() throws {
        do {
            let store = try open()
            try self.store([0, 1, 63, 64], in: store)
            #expect(try store.makeDurable())
            try self.store([2, 65, 69], in: store)
            #expect(store.durableCount == 4)
            #expect(store.presentCount == 7)
        }
        #expect(try open().presentCount == 7, "a kill costs nothing")
        try reboot()
        let store = try open()
        #expect((0..<70).filter { store.isPresent($0) } == [0, 1, 63, 64])
        // What came back can be added to, and lasts as before.
        try self.store([5], in: store)
        #expect(try store.makeDurable())
        try reboot()
        #expect(try open().presentCount == 5)
    }

    @Test func twoStoresMakeEachOthersSpansDurable() throws {
        let first = try open()
        let second = try open()
        try store([1], in: first)
        try store([2], in: second)
        #expect(try second.makeDurable())
        #expect(first.durableCount == 2)
        // One at a time.
        let outcome = try first.whileAlone(waiting: 0) { try second.makeDurable() }
        #expect(outcome == false)
    }

    @Test func cutDataForgetTheDurableBits() throws {
        do {
            let store = try open()
            try self.store(0..<70, in: store)
            try store.makeDurable()
        }
        #expect(truncate(folder.path + "/data", 600) == 0)
        try reboot()
        let store = try open()
        #expect(store.presentCount == 0)
        #expect(store.durableCount == 0)
    }

    @Test func aRightLayerIsVerifiedForGood() throws {
        let diffID = Digest.of(content)
        do {
            let store = try open()
            #expect(try verify(store, diffID) == .open, "not complete")
            try self.store(0..<70, in: store)
            #expect(try verify(store, diffID, isStopped: true) == nil, "stopped")
            #expect(store.check(of: diffID) == .open)
            #expect(try verify(store, diffID) == .verified)
            #expect(store.durableCount == 70)
        }
        try reboot()
        let store = try open()
        #expect(store.presentCount == 70)
        #expect(store.check(of: diffID) == .verified)
        // An image that lies about the layer costs nobody its data.
        #expect(try verify(store, .of([1])) == .contradicted)
        #expect(store.presentCount == 70)
    }

    @Test func aWrongLayerIsFetchedOnceMore() throws {
        let diffID = Digest.of(content)
        let store = try open()
        for expected in [LayerCheck.failedOnce, .failed] {
            try self.store(0..<70, in: store)
            try flip(333)
            #expect(try verify(store, diffID) == expected)
            #expect(store.presentCount == (expected == .failed ? 70 : 0))
        }
        #expect(try verify(store, diffID) == .failed, "and then never again")
        // Another image that is right about it is heard.
        try flip(333)
        #expect(try verify(store, .of(content + [0])) == .failedOnce)
    }

    @Test func aSecondFetchThatIsRightIsVerified() throws {
        let store = try open()
        try self.store(0..<70, in: store)
        try flip(0)
        #expect(try verify(store, .of(content)) == .failedOnce)
        try self.store(0..<70, in: store)
        #expect(try verify(store, .of(content)) == .verified)
    }

    @Test(arguments: [0, 512, 9728, 512 * 2047]) func paddingBehindTheArchiveCounts(padding: Int) throws {
        let store = try open()
        try self.store(0..<70, in: store)
        let whole = content + [UInt8](repeating: 0, count: padding)
        #expect(try verify(store, .of(whole)) == .verified)
    }

    @Test(arguments: [1, 511, 513, 1 << 20]) func otherPaddingDoesNot(padding: Int) throws {
        let store = try open()
        try self.store(0..<70, in: store)
        let whole = content + [UInt8](repeating: 0, count: padding)
        #expect(try verify(store, .of(whole)) == .failedOnce)
    }

    @Test func aFolderInUseIsNobodysAlone() throws {
        let layer = folder.path + "/layer"
        #expect(mkdir(layer, 0o700) == 0)
        #expect(FolderLease.alone(layer) != nil)
        var store: SpanStore? = try SpanStore(folder: layer, count: 1, size: 1)
        #expect(store != nil)
        #expect(FolderLease.alone(layer) == nil)
        store = nil
        #expect(FolderLease.alone(layer) != nil)
        try TestTool.run(["rm", "-r", layer])
        #expect(FolderLease.alone(layer) == nil)
        let error = #expect(throws: HermesError.self) { try SpanStore(folder: layer, count: 1, size: 1) }
        #expect(error?.code == .notFound)
    }
}
