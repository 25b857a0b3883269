import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Cache folders that another user made or may write to.
@Suite struct CacheTrustTests {
    private let folder: TestFolder
    private let path: String

    init() throws {
        folder = try TestFolder()
        path = folder.path + "/node"
    }

    private func expectRefusal(_ path: String, location: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: HermesError.self, sourceLocation: location) { try ImageCache(path) }
        #expect(error?.code == .denied, sourceLocation: location)
    }

    @Test func itsOwnFolderIsTaken() throws {
        _ = try ImageCache(path)
        _ = try ImageCache(path)
        _ = try ImageCache(path + "/")
        #expect(chmod(path, 0o755) == 0)
        _ = try ImageCache(path)
    }

    @Test(arguments: [0o770, 0o707, 0o1777] as [mode_t], ["", "/layers", "/references"])
    func aFolderThatOthersMayWriteToIsRefused(mode: mode_t, name: String) throws {
        _ = try ImageCache(path)
        #expect(chmod(path + name, mode) == 0)
        expectRefusal(path)
    }

    @Test(.enabled(if: geteuid() == 0), arguments: ["", "/images"])
    func aFolderOfAnotherUserIsRefused(name: String) throws {
        _ = try ImageCache(path)
        #expect(chown(path + name, 65_534, 0) == 0)
        expectRefusal(path)
    }

    @Test(arguments: ["", "/layers"])
    func aLinkIsRefused(name: String) throws {
        let target = folder.path + "/target"
        #expect(mkdir(target, 0o700) == 0)
        _ = try ImageCache(path)
        #expect(rename(path + name, folder.path + "/away") == 0)
        #expect(symlink(target, path + name) == 0)
        expectRefusal(path)
        expectRefusal(path + "/")
        #expect(try FolderListing.names(in: target) == [])
    }

    @Test(arguments: ["data", "present"])
    func aPlantedLinkIsNotFollowed(name: String) throws {
        let target = try folder.write("target", Array("precious".utf8))
        #expect(mkdir(path, 0o700) == 0)
        #expect(symlink(target, "\(path)/\(name)") == 0)
        #expect(throws: HermesError.self) { try SpanStore(folder: path, count: 3, size: 3000) }
        #expect(try LocalFile.read(target, limit: 100) == Array("precious".utf8))
    }

    @Test func aPlantedLayerIsNotRemoved() throws {
        let cache = try ImageCache(path)
        let target = folder.path + "/target"
        #expect(mkdir(target, 0o700) == 0)
        _ = try folder.write("target/spans", Array("precious".utf8))
        #expect(symlink(target, "\(cache.path)/layers/planted") == 0)
        _ = try cache.evict(to: CacheBudget(size: 0), needed: 1 << 20, log: IndexedImage.silent)
        #expect(access(target + "/spans", F_OK) == 0)
    }
}
