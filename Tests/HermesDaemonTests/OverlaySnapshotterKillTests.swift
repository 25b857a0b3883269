import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesDaemon

/// A daemon that is killed at any moment leaves no snapshot without its folder, and the next one no folder without its
/// snapshot.
@Suite struct OverlaySnapshotterKillTests {
    @Test func killLeavesRowsWithFolders() throws {
        let folder = try TestFolder()
        let snapshots = "\(folder.path)/snapshots"
        var told = 0
        for microseconds in [1, 9_000, 18_000, 30_000, 45_000] {
            told += try TestChild.killed("folders", folder.path, afterMicroseconds: microseconds)
            let ids = try SnapshotStore("\(folder.path)/metadata.db").ids()
            let left = Set(try FolderListing.names(in: snapshots))
            #expect(left.isSuperset(of: ids.keys.map { "\($0)" }))
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let snapshotter = try OverlaySnapshotter(root: folder.path, log: log)
            #expect(Set(try FolderListing.names(in: snapshots)) == Set(ids.keys.map { "\($0)" }))
            for info in try snapshotter.list(["kind==committed"]) {
                _ = try snapshotter.create(.view, key: "v", parent: info.name)
                try snapshotter.remove("v")
            }
        }
        #expect(told >= 50)
    }
}
