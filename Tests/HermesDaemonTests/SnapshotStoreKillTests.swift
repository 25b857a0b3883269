import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// A daemon that is killed at any moment leaves metadata that the next one goes on with.
@Suite struct SnapshotStoreKillTests {
    @Test func killLeavesWholeCalls() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/snapshots.db"
        var told = 0
        for microseconds in [1, 12_000, 25_000, 40_000, 60_000] {
            told += try TestChild.killed("snapshots", path, afterMicroseconds: microseconds)
            let store = try SnapshotStore(path)
            for record in try store.records() {
                // Each call whole: both labels or none of it, and a usage only with the commit.
                #expect(record.info.labels["round"] == record.info.labels["twice"])
                #expect(record.info.labels.count == 2)
                #expect((record.info.kind == .committed) == (record.usage.size == 1))
                #expect((record.info.name.first == "c") == (record.info.kind == .committed))
                _ = try store.create(.view, key: "v", parent: record.info.kind == .committed ? record.info.name : "")
                try store.remove("v")
            }
        }
        let store = try SnapshotStore(path)
        let committed = try store.records(matching: try SnapshotFilter(["kind==committed"])).count
        #expect(told >= 50)
        #expect(told...told + 5 ~= committed)
        let check =
            "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchall())"
        #expect(try TestTool.run([TestTool.python, "-c", check, path]).text == "[('ok',)]\n")
    }
}
