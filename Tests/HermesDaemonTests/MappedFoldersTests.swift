import Glibc
import HermesCore
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// Mounts with mapped owners, by the real kernel, which does it on most file systems of a disk since Linux 5.12.
@Suite(.enabled(if: geteuid() == 0)) struct MappedFoldersTests {
    private let folder: TestFolder
    private let mapped: MappedFolders
    private var snapshot: String { "\(folder.path)/1" }

    init() throws {
        folder = try TestFolder()
        for name in ["first", "second", "1"] { try LocalFolder.make("\(folder.path)/\(name)") }
        let file = try folder.write("first/file", Array("text".utf8))
        #expect(lchown(file, 7, 8) == 0)
        mapped = MappedFolders(in: "\(folder.path)/1")
    }

    private func mapping(_ users: String) throws -> OwnerMapping {
        try #require(
            try OwnerMapping([OwnerMapping.usersLabel: users, OwnerMapping.groupsLabel: "0:200000:65536"]))
    }

    private func owner(_ path: String) throws -> [UInt32] {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError.last }
        return [status.st_uid, status.st_gid]
    }

    @Test func ownersAreMappedUntilTheFoldersAreHidden() throws {
        let sources = ["first", "second"].map { "\(folder.path)/\($0)" }
        let shown = try mapped.show(sources, try mapping("0:100000:65536"))
        defer { mapped.hide() }
        #expect(shown == ["\(snapshot)/mapped/0", "\(snapshot)/mapped/1"])
        #expect(try owner("\(shown[0])/file") == [100_007, 200_008])
        #expect(try owner("\(folder.path)/first/file") == [7, 8])
        // They are read-only, and what is shown is not shown twice.
        #expect(open("\(shown[1])/new", O_CREAT | O_WRONLY, 0o600) < 0)
        let mounts = shown.map { MountID($0) }
        #expect(try mapped.show(sources, try mapping("0:100000:65536")) == shown)
        #expect(shown.map { MountID($0) } == mounts)

        // A deletion that meets them leaves what they show.
        #expect(throws: HermesError.self) { try FolderRemoval.remove(snapshot) }
        #expect(access("\(folder.path)/first/file", F_OK) == 0)
        mapped.hide()
        #expect(access("\(shown[0])/file", F_OK) != 0)
        try FolderRemoval.remove(snapshot)
        #expect(access(snapshot, F_OK) != 0)
        #expect(access("\(folder.path)/first/file", F_OK) == 0)
    }

    @Test func aFileSystemThatCannotIsRefused() throws {
        let error = #expect(throws: SnapshotError.self) {
            try mapped.show(["/proc/self"], try mapping("0:100000:65536"))
        }
        #expect(error?.kind == .failedPrecondition)
        try FolderRemoval.remove(snapshot)
    }

    @Test func rangesThatOverlapAreRefused() throws {
        let error = #expect(throws: SnapshotError.self) {
            try mapped.show(["\(folder.path)/first"], try mapping("0:100000:10,5:200000:10"))
        }
        #expect(error?.kind == .invalidArgument)
        #expect(throws: HermesError.self) {
            try mapped.show(["\(folder.path)/none"], try mapping("0:100000:10"))
        }
    }
}
