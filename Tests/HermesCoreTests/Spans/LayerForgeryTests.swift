import FoundationEssentials
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// A complete layer whose zTOC describes other files than its tar holds.
@Suite struct LayerForgeryTests {
    private static let archive = LayerArchive.make { layer in
        layer.directory("bin")
        layer.add(Array("bin/login".utf8), type: "0", mode: 0o755, seconds: 1_700_000_000, [1, 2, 3])
        layer.add(
            Array("bin/other".utf8), type: "0", mode: 0o755, seconds: 1_700_000_000,
            xattrs: [("user.a", [1]), ("user.b", [2])], [4, 5, 6])
        layer.symbolicLink("link", "bin/login")
        layer.hardLink("hard", "bin/login")
        layer.add(Array("null".utf8), type: "3", mode: 0o666, device: (1, 3))
        layer.sparse("sparse", runs: [(1_000, 512), (5_000, 700)], size: 9_000)
    }

    private struct Forgery: CustomTestStringConvertible {
        let testDescription: String
        /// The file and the field that the log has to name.
        let words: [String]
        let forge: @Sendable (inout [TarEntry]) -> Void

        init(_ name: String, _ words: String..., forge: @escaping @Sendable (inout [TarEntry]) -> Void) {
            testDescription = name
            self.words = words
            self.forge = forge
        }
    }

    private static let forgeries = [
        Forgery("swapped names", "bin/login", "name") { entries in
            (entries[1].name, entries[2].name) = (entries[2].name, entries[1].name)
        },
        Forgery("swapped data", "bin/login", "place of its data") { entries in
            // In the order of the archive, as a valid zTOC is: the second file's bytes under the first one's name.
            entries[1].dataOffset = entries[2].dataOffset
        },
        Forgery("a longer file", "bin/login", "size") { $0[1].size = 400 },
        Forgery("set-user-ID", "bin/login", "mode") { $0[1].mode |= 0o4000 },
        Forgery("another owner", "bin/login", "owner") { $0[1].uid = 1000 },
        Forgery("another group", "bin/other", "group") { $0[2].gid = 1000 },
        Forgery("another time", "bin/other", "time") { $0[2].modificationTime = Timestamp(seconds: 0) },
        Forgery("another kind", "bin/login", "kind of file") { $0[1].kind = .fifo },
        Forgery("another symbolic link", "link", "link target") { $0[3].linkName = Array("bin/other".utf8) },
        Forgery("another hard link", "hard", "link target") { $0[4].linkName = Array("bin/other".utf8) },
        Forgery("another device", "null", "device number") { $0[5].deviceMinor = 1 },
        Forgery("another attribute", "bin/other", "SCHILY.xattr.user.b") { $0[2].paxRecords[1].value = [9] },
        Forgery("one attribute less", "bin/other", "SCHILY.xattr.user.b") { $0[2].paxRecords.removeLast() },
        Forgery("one attribute more", "bin/login", "SCHILY.xattr.security.capability") { entries in
            entries[1].paxRecords.set("SCHILY.xattr.security.capability", [1])
        },
        Forgery("an attribute twice", "bin/other", "SCHILY.xattr.user.b") { entries in
            entries[2].paxRecords.append(PAXRecord(key: Array("SCHILY.xattr.user.b".utf8), value: [3]))
        },
        Forgery("another sparse map", "sparse", "GNU.sparse.map") { entries in
            entries[6].paxRecords.set("GNU.sparse.map", Array("0,512,5000,700".utf8))
        },
        Forgery("a file left out", "hard", "name") { $0.remove(at: 4) },
        Forgery("the last file left out", "sparse", "does not list") { $0.removeLast() },
        Forgery("a file more", "lists 8 files") { entries in
            entries.append(TarEntry(name: Array("more".utf8), kind: .fifo, dataOffset: 512 * 20, size: 0))
        },
    ]

    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    /// A complete layer of one span.
    private func completeStore() throws -> SpanStore {
        let store = try SpanStore(folder: folder.path, count: 1, size: Int64(Self.archive.count))
        try Self.archive.withUnsafeBytes { try store.store(0, $0, at: 0) }
        return store
    }

    @Test(arguments: forgeries.indices) func isFoundAndNamed(index: Int) throws {
        let forgery = Self.forgeries[index]
        let ztoc = try LayerZTOC(of: Self.archive, forge: forgery.forge)
        let store = try completeStore()
        let diffID = Digest.of(Self.archive)
        let result = try #require(try store.verify(diffID, ztoc: ztoc.open, isStopped: { false }))
        #expect(result.check == .forged)
        let text = result.difference?.description ?? ""
        for word in forgery.words { #expect(text.contains(word), "\(forgery.testDescription): \(text)") }
        #expect(store.check(of: diffID) == .forged)
        #expect(store.check(of: .of([1])) == .forged, "another image has the same zTOC")
        #expect(store.presentCount == 1)
        // It stays, and is not read again.
        let again = try SpanStore(folder: folder.path, count: 1, size: Int64(Self.archive.count))
        let known = try again.verify(
            diffID, ztoc: { throw HermesError(.io, "not asked for") }, isStopped: { false })
        #expect(known?.check == .forged)
    }

    @Test func theNameInTheMessageIsBoundedAndPrintable() throws {
        let archive = LayerArchive.make {
            $0.add(Array("a\n\u{1b}[".utf8) + [UInt8](repeating: 98, count: 5000), type: "0")
        }
        let ztoc = try LayerZTOC(of: archive) { $0[0].mode = 0 }
        let store = try SpanStore(folder: folder.path, count: 1, size: Int64(archive.count))
        try archive.withUnsafeBytes { try store.store(0, $0, at: 0) }
        let result = try store.verify(.of(archive), ztoc: ztoc.open, isStopped: { false })
        let text = try #require(result?.difference?.description)
        #expect(text.contains("a??[bbb") && text.count < 400)
        #expect(text.allSatisfy { !$0.isNewline })
    }

    @Test func aForgeryDoesNotExcuseWrongContent() throws {
        let ztoc = try LayerZTOC(of: Self.archive) { $0[1].mode = 0o4755 }
        let store = try completeStore()
        let result = try store.verify(.of([1]), ztoc: ztoc.open, isStopped: { false })
        #expect(result?.check == .failedOnce)
        #expect(result?.difference == nil)
        #expect(store.presentCount == 0)
    }

    /// What honest builders write otherwise than this one: PAX records in any order, no text for times that RFC 3339
    /// cannot write, the size that the header of a link states.
    @Test func otherBuildersAreHonest() throws {
        let archive = LayerArchive.make { layer in
            layer.add(
                Array("late".utf8), type: "0", seconds: 400_000_000_000, xattrs: [("user.a", [1]), ("user.b", [2])])
            layer.add(Array("last".utf8), type: "0", seconds: 253_402_300_799)
        }
        let ztoc = try LayerZTOC(of: archive) { entries in
            for index in entries.indices { entries[index].paxRecords.reverse() }
            entries[1].modificationTime = Timestamp(seconds: 400_000_000_000)
        }
        let store = try SpanStore(folder: folder.path, count: 1, size: Int64(archive.count))
        try archive.withUnsafeBytes { try store.store(0, $0, at: 0) }
        let result = try store.verify(.of(archive), ztoc: ztoc.open, isStopped: { false })
        #expect(result?.check == .verified, "\(String(describing: result?.difference))")
    }

    /// As the SOCI tools build it, with Google's library, in a zone of its own, and with the padding left out.
    @Test func aZTOCOfGooglesBuilderIsVerified() throws {
        var sample = ZTOCSample(entryCount: 0, spanCount: 1, gzip: false, seed: 1)
        sample.entries = try parseTar(Self.archive).entries
        sample.layer = ZTOCWriter.Layer(
            compressedSize: Int64(Self.archive.count), uncompressedArchiveSize: Int64(Self.archive.count),
            spanDigests: [.of(Self.archive)])
        sample.spanSize = Int64(Self.archive.count)
        let description = String(decoding: try sample.description(), as: UTF8.self)
        // 2020-09-13T12:26:40Z is a directory's time.
        let utc = Array("2020-09-13T12:26:40Z".utf8).hex
        #expect(description.contains(utc))
        let text = description.replacing(utc, with: Array("2020-09-13T14:26:40+02:00".utf8).hex)
        try TestTool.write(Array(text.utf8), to: folder.path + "/layer.json")
        let path = folder.path + "/soci"
        try TestTool.run([TestTool.python, Fixture.path("ztoc-build.py"), folder.path + "/layer.json", path])
        let store = try completeStore()
        let whole = Self.archive + [UInt8](repeating: 0, count: 10_240)
        let result = try store.verify(.of(whole), ztoc: { try MappedFile(try OpenFile(path, 0)) }, isStopped: { false })
        #expect(result?.check == .verified, "\(String(describing: result?.difference))")
    }
}
