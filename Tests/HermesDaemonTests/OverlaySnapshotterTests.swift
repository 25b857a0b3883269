import Glibc
import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesDaemon

/// What lies on the disk for each snapshot, and what a kill or a failure leaves of it.
@Suite struct OverlaySnapshotterTests {
    private let folder: TestFolder
    private let snapshotter: OverlaySnapshotter
    private var snapshots: String { "\(folder.path)/snapshots" }

    init() throws {
        folder = try TestFolder()
        snapshotter = try Self.open(folder)
    }

    private static func open(_ folder: TestFolder) throws -> OverlaySnapshotter {
        try OverlaySnapshotter(root: folder.path, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Commits a snapshot whose file system has one file.
    @discardableResult
    private func commit(_ name: String, on parent: String = "") throws -> Int64 {
        _ = try snapshotter.create(.active, key: "tmp", parent: parent)
        let id = try snapshotter.store.stat("tmp").id
        try TestTool.write(testBytes(10_000, seed: 1), to: "\(snapshots)/\(id)/fs/file")
        try snapshotter.commit("tmp", as: name)
        return id
    }

    private func names() throws -> [String] { try FolderListing.names(in: snapshots).sorted() }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError.last }
        return status.st_mode & 0o7777
    }

    /// With a mapping that leaves everybody who they are, which needs no right.
    @Test func aUserNamespaceHasItsOwners() throws {
        let labels = [
            OwnerMapping.usersLabel: "1:1:9,0:\(geteuid()):1", OwnerMapping.groupsLabel: "0:\(getegid()):1",
        ]
        let mapped = ["uidmap=1:1:9,0:\(geteuid()):1", "gidmap=0:\(getegid()):1"]
        let one = try commit("one")
        let active = try snapshotter.create(.active, key: "active", parent: "one", labels: labels)
        let id = try snapshotter.store.stat("active").id
        #expect(
            active == [
                SnapshotMount(
                    type: "overlay", source: "overlay",
                    options: mapped + [
                        "workdir=\(snapshots)/\(id)/work", "upperdir=\(snapshots)/\(id)/fs",
                        "lowerdir=\(snapshots)/\(one)/fs",
                    ])
            ])
        #expect(try snapshotter.mounts("active") == active)
        let view = try snapshotter.create(.view, key: "view", parent: "one", labels: labels)
        #expect(view.map(\.options) == [mapped + ["ro", "rbind"]])
        let alone = try snapshotter.create(.active, key: "alone", parent: "", labels: labels)
        #expect(alone.map(\.options) == [mapped + ["rw", "rbind"]])
        let before = try names()
        let error = #expect(throws: SnapshotError.self) {
            try snapshotter.create(.active, key: "bad", parent: "", labels: [OwnerMapping.usersLabel: "0:0:1"])
        }
        #expect(error?.kind == .invalidArgument)
        #expect(try names() == before)
    }

    @Test(.enabled(if: geteuid() == 0)) func theFolderOfAContainerIsItsRoots() throws {
        let labels = [OwnerMapping.usersLabel: "0:100000:65536", OwnerMapping.groupsLabel: "0:200000:65536"]
        try commit("one")
        for (key, parent) in [("a", ""), ("b", "one")] {
            _ = try snapshotter.create(.active, key: key, parent: parent, labels: labels)
            let id = try snapshotter.store.stat(key).id
            var status = stat()
            #expect(lstat("\(snapshots)/\(id)/fs", &status) == 0)
            #expect(status.st_uid == 100_000 && status.st_gid == 200_000)
        }
    }

    @Test func mountsAreThoseOfContainerd() throws {
        let path = { (id: Int64) in "\(snapshots)/\(id)" }
        let bind = { (id: Int64, access: String) in
            [SnapshotMount(type: "bind", source: "\(path(id))/fs", options: [access, "rbind"])]
        }
        #expect(try snapshotter.create(.active, key: "active-0", parent: "") == bind(1, "rw"))
        #expect(try snapshotter.create(.view, key: "view-0", parent: "") == bind(2, "ro"))
        let one = try commit("one")
        let two = try commit("two", on: "one")
        #expect(try snapshotter.create(.view, key: "view-1", parent: "one") == bind(one, "ro"))
        let active = try snapshotter.create(.active, key: "active-1", parent: "one")
        let id = try snapshotter.store.stat("active-1").id
        let upper = ["workdir=\(path(id))/work", "upperdir=\(path(id))/fs"]
        let overlay = { SnapshotMount(type: "overlay", source: "overlay", options: $0) }
        #expect(active == [overlay(upper + ["lowerdir=\(path(one))/fs"])])
        #expect(try snapshotter.mounts("active-1") == active)
        let lower = "lowerdir=\(path(two))/fs:\(path(one))/fs"
        #expect(try snapshotter.create(.view, key: "view-2", parent: "two") == [overlay([lower])])
        let last = try snapshotter.create(.active, key: "active-2", parent: "two")
        #expect(last.first?.options.last == lower)
    }

    @Test func foldersHaveTheirModesAndTheParentsOwner() throws {
        let mask = umask(0o077)
        defer { umask(mask) }
        let one = try commit("one")
        #expect(chown("\(snapshots)/\(one)/fs", 7, 8) == 0)
        _ = try snapshotter.create(.active, key: "active", parent: "one")
        _ = try snapshotter.create(.view, key: "view", parent: "one")
        let (active, view) = (try snapshotter.store.stat("active").id, try snapshotter.store.stat("view").id)
        #expect(try mode("\(snapshots)/\(active)/fs") == 0o755)
        #expect(try mode("\(snapshots)/\(active)/work") == 0o711)
        #expect(try mode("\(snapshots)/\(active)") == 0o700)
        #expect(try FolderListing.names(in: "\(snapshots)/\(view)") == ["fs"])
        var status = stat()
        #expect(lstat("\(snapshots)/\(active)/fs", &status) == 0)
        #expect((status.st_uid, status.st_gid) == (7, 8))
    }

    @Test func usageCountsAsDuDoes() throws {
        _ = try snapshotter.create(.active, key: "a", parent: "")
        let files = "\(snapshots)/1/fs"
        #expect(mkdir("\(files)/folder", 0o755) == 0)
        try TestTool.write(testBytes(100_000, seed: 1), to: "\(files)/folder/file")
        #expect(link("\(files)/folder/file", "\(files)/again") == 0)
        #expect(symlink("/", "\(files)/root") == 0)
        try TestTool.run(["truncate", "-s", "1G", "\(files)/sparse"])
        try TestTool.run(["sync", "-f", files])
        let size = try TestTool.run(["du", "-s", "-B1", files]).text.split(separator: "\t").first.map(String.init)
        let usage = try snapshotter.usage("a")
        #expect("\(usage.size)" == size)
        #expect(usage.inodes == 5)
        try snapshotter.commit("a", as: "c")
        // Stored: what is done to the folder afterwards does not count.
        #expect(unlink("\(files)/sparse") == 0)
        #expect(try snapshotter.usage("c") == usage)
        _ = try snapshotter.create(.view, key: "v", parent: "c")
        #expect(try snapshotter.usage("v") == SnapshotUsage())
    }

    @Test func deepFoldersAreRefusedAndDeleted() throws {
        _ = try snapshotter.create(.active, key: "deep", parent: "")
        // Deeper than a path can name.
        let script = """
            import os, sys
            os.chdir(sys.argv[1])
            for n in range(3000): os.mkdir("d"); open("f", "w").close(); os.symlink("/", "l"); os.chdir("d")
            """
        try TestTool.run([TestTool.python, "-c", script, "\(snapshots)/1/fs"])
        let error = #expect(throws: HermesError.self) { try snapshotter.usage("deep") }
        #expect(error?.code == .unsupported)
        try snapshotter.remove("deep")
        #expect(try names() == [])
    }

    @Test func removalFollowsNoLink() throws {
        let outside = try TestFolder()
        let kept = try outside.write("kept", [1])
        _ = try snapshotter.create(.active, key: "a", parent: "")
        #expect(symlink(outside.path, "\(snapshots)/1/fs/link") == 0)
        try snapshotter.remove("a")
        #expect(try names() == [])
        #expect(try TestTool.read(kept) == [1])
    }

    @Test func refusedCallsLeaveNoFolder() throws {
        try commit("one")
        let before = try names()
        for (key, parent) in [("new", "missing"), ("one", ""), ("", "")] {
            #expect(throws: SnapshotError.self) { try snapshotter.create(.active, key: key, parent: parent) }
        }
        #expect(try names() == before)
        #expect(throws: SnapshotError.self) { try snapshotter.commit("one", as: "two") }
        #expect(throws: SnapshotError.self) { try snapshotter.remove("missing") }
        #expect(try names() == before)
    }

    @Test func creationThatCannotPlaceItsFolderHasNoRow() throws {
        let one = try commit("one")
        try TestTool.run(["rm", "-r", "\(snapshots)/\(one)"])
        #expect(throws: HermesError.self) { try snapshotter.create(.active, key: "a", parent: "one") }
        #expect(try snapshotter.store.ids() == [one: "one"])
        #expect(try names() == [])
    }

    @Test func folderWithoutRowIsTakenAside() throws {
        // As a kill leaves it between the rename and the commit of the transaction: the id comes again.
        try TestTool.run(["mkdir", "-p", "\(snapshots)/1/fs/old"])
        _ = try snapshotter.create(.active, key: "a", parent: "")
        #expect(try FolderListing.names(in: "\(snapshots)/1/fs") == [])
        try snapshotter.cleanup()
        #expect(try names() == ["1"])
    }

    @Test func cleanupTakesOrphansOnly() throws {
        let one = try commit("one")
        try TestTool.run(["mkdir", "-p", "\(snapshots)/99/fs/x", "\(snapshots)/gone-1/1/2", "\(snapshots)/new-1/fs"])
        try TestTool.run(["mkdir", "-p", "\(snapshots)/007", "\(snapshots)/other"])
        try snapshotter.cleanup()
        // One that is being made has no row yet.
        #expect(try names() == ["007", "\(one)", "new-1", "other"])
    }

    @Test func startDeletesWhatAKillLeft() throws {
        let folder = try TestFolder()
        _ = try Self.open(folder).create(.active, key: "a", parent: "")
        let path = "\(folder.path)/snapshots"
        try TestTool.run(["mkdir", "-p", "\(path)/99/fs/x", "\(path)/gone-1/1/2", "\(path)/new-1/fs"])
        _ = try Self.open(folder)
        #expect(try FolderListing.names(in: path) == ["1"])
    }

    @Test func secondDaemonIsRefused() throws {
        let error = #expect(throws: HermesError.self) { try Self.open(folder) }
        #expect(error?.code == .unavailable)
        _ = try snapshotter.list([])
    }

    @Test func rootThatOverlayCannotBeToldIsRefused() throws {
        for root in ["relative", "/tmp/a:b", "/tmp/a,b", "/tmp/a\\b"] {
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let error = #expect(throws: HermesError.self) { try OverlaySnapshotter(root: root, log: log) }
            #expect(error?.code == .usage)
        }
    }
}
