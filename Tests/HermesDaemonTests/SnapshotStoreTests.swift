import Glibc
import HermesSupport
import HermesTestKit
import Synchronization
import Testing

@testable import HermesDaemon

/// What each call of the store does, and what it refuses: containerd's semantics.
@Suite struct SnapshotStoreTests {
    private let folder: TestFolder
    private let store: SnapshotStore
    private static let clock = Mutex<Int64>(1_700_000_000)

    init() throws {
        folder = try TestFolder()
        store = try Self.open(folder)
    }

    /// A store whose clock goes on by a second with each look.
    private static func open(_ folder: TestFolder) throws -> SnapshotStore {
        try SnapshotStore("\(folder.path)/snapshots.db") {
            Timestamp(
                seconds: clock.withLock {
                    $0 += 1
                    return $0
                }, nanoseconds: 5)
        }
    }

    /// committed-1, committed-2 on it, active-1 without parent, active-2 and view-2 on committed-2.
    private func populate() throws {
        _ = try store.create(.active, key: "tmp", parent: "", labels: ["l": "1"])
        try store.commit("tmp", as: "committed-1", usage: SnapshotUsage(size: 10, inodes: 2))
        _ = try store.create(.active, key: "tmp", parent: "committed-1")
        try store.commit("tmp", as: "committed-2", usage: SnapshotUsage(), labels: ["a": "b"])
        _ = try store.create(.active, key: "active-1", parent: "", labels: ["x": "y", "z.w": "v"])
        _ = try store.create(.active, key: "active-2", parent: "committed-2")
        _ = try store.create(.view, key: "view-2", parent: "committed-2")
    }

    private func names() throws -> [String] { try store.records().map(\.info.name) }

    private func expect(
        _ kind: SnapshotError.Kind, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) throws {
        let before = try store.records()
        let error = #expect(throws: SnapshotError.self, sourceLocation: location, performing: body)
        #expect(error?.kind == kind, sourceLocation: location)
        #expect(try store.records() == before, "a refused call changes nothing", sourceLocation: location)
    }

    @Test func createGivesIdsAndParents() throws {
        try populate()
        let id = { (name: String) in try store.stat(name).id }
        let view = try store.create(.view, key: "view-3", parent: "committed-2")
        #expect(view.kind == .view)
        #expect(view.parents == [try id("committed-2"), try id("committed-1")])
        #expect(try store.chain("view-3") == view)
        #expect(
            try store.chain("active-1") == SnapshotChain(id: try id("active-1"), kind: .active, parents: [], base: nil))
        #expect(Set(try store.ids().keys).count == 6)
        #expect(try store.ids()[view.id] == "view-3")
    }

    @Test func createRefuses() throws {
        try populate()
        let create = { (kind: SnapshotKind, key: String, parent: String) in
            _ = try store.create(kind, key: key, parent: parent)
        }
        try expect(.invalidArgument) { try create(.committed, "new", "") }
        try expect(.invalidArgument) { try create(.active, "", "") }
        try expect(.notFound) { try create(.active, "new", "missing") }
        try expect(.notFound) { try create(.active, "active-1", "missing") }
        try expect(.invalidArgument) { try create(.active, "new", "active-1") }
        try expect(.invalidArgument) { try create(.view, "new", "view-2") }
        for key in ["active-1", "view-2", "committed-1"] {
            try expect(.alreadyExists) { try create(.active, key, "") }
            try expect(.alreadyExists) { try create(.view, key, "committed-1") }
        }
        try expect(.invalidArgument) { try create(.active, String(repeating: "k", count: 4097), "") }
        _ = try store.create(.active, key: String(repeating: "k", count: 4096), parent: "")
    }

    @Test func labelsHaveLimits() throws {
        let create = { (labels: [String: String]) in
            _ = try store.create(.active, key: "new-\(labels.count)", parent: "", labels: labels)
        }
        let long = String(repeating: "v", count: 4093)
        try expect(.invalidArgument) { try create(["key": long + "v"]) }
        try expect(.invalidArgument) { try create([String(repeating: "k", count: 4097): ""]) }
        try expect(.invalidArgument) { try create(["": "v"]) }
        // Bytes count, not characters.
        try expect(.invalidArgument) { try create(["key": String(repeating: "é", count: 2047)]) }
        try expect(.invalidArgument) {
            try create(Dictionary(uniqueKeysWithValues: (0...1000).map { ("\($0)", "v") }))
        }
        try create(["key": long, "empty": ""])
        #expect(try store.stat("new-2").info.labels == ["key": long])
    }

    @Test func statTellsEverything() throws {
        try populate()
        let active = try store.stat("active-2").info
        #expect(active.name == "active-2")
        #expect(active.parent == "committed-2")
        #expect(active.kind == .active)
        #expect(active.created == active.updated)
        #expect(active.created.nanoseconds == 5)
        #expect(try store.stat("active-1").info.labels == ["x": "y", "z.w": "v"])
        #expect(try store.stat("committed-1").info.parent == "")
        #expect(try store.usage("committed-1") == SnapshotUsage(size: 10, inodes: 2))
        #expect(try store.usage("active-1") == SnapshotUsage())
        for key in ["missing", "", "tmp", "active-1\0"] {
            try expect(.notFound) { _ = try store.stat(key) }
            try expect(.notFound) { _ = try store.usage(key) }
            try expect(.notFound) { _ = try store.chain(key) }
        }
        try expect(.failedPrecondition) { _ = try store.chain("committed-1") }
    }

    @Test func commitRenamesAndReplaces() throws {
        try populate()
        let before = try store.stat("active-1")
        let id = try store.commit(
            "active-1", as: "done", usage: SnapshotUsage(size: 7, inodes: 1), labels: ["new": "1", "empty": ""])
        let after = try store.stat("done")
        #expect(id == before.id)
        #expect(after.id == before.id)
        #expect(after.info.kind == .committed)
        // Labels are replaced, and the time of creation is that of the commit.
        #expect(after.info.labels == ["new": "1"])
        #expect(after.info.created.seconds > before.info.created.seconds)
        #expect(after.info.created == after.info.updated)
        #expect(after.usage == SnapshotUsage(size: 7, inodes: 1))
        try expect(.notFound) { _ = try store.stat("active-1") }
        #expect(try store.create(.view, key: "active-1", parent: "done").parents == [id])
    }

    @Test func commitRefuses() throws {
        try populate()
        let commit = { (key: String, name: String, parent: String) in
            _ = try store.commit(key, as: name, usage: SnapshotUsage(), parent: parent)
        }
        try expect(.notFound) { try commit("missing", "new", "") }
        try expect(.notFound) { try commit("missing", "committed-1", "") }
        try expect(.alreadyExists) { try commit("active-1", "committed-1", "") }
        try expect(.alreadyExists) { try commit("active-1", "active-2", "") }
        try expect(.alreadyExists) { try commit("active-1", "active-1", "") }
        try expect(.alreadyExists) { try commit("view-2", "committed-1", "") }
        try expect(.failedPrecondition) { try commit("view-2", "new", "") }
        try expect(.failedPrecondition) { try commit("committed-1", "new", "") }
        try expect(.invalidArgument) { try commit("active-1", "", "") }
        try expect(.invalidArgument) { _ = try store.commit("active-1", as: "n", usage: .init(), labels: ["": "v"]) }
        // Another parent than the one it has.
        try expect(.invalidArgument) { try commit("active-2", "new", "committed-1") }
        try expect(.invalidArgument) { try commit("active-2", "new", "missing") }
        try expect(.notFound) { try commit("active-1", "new", "missing") }
        try expect(.notFound) { try commit("active-1", "new", "new") }
        try expect(.notFound) { try commit("active-1", "new", "active-1") }
        try expect(.failedPrecondition) { try commit("active-1", "new", "active-2") }
    }

    @Test func commitGivesAParent() throws {
        try populate()
        try store.commit("active-2", as: "same", usage: .init(), parent: "committed-2")
        #expect(try store.stat("same").info.parent == "committed-2")
        // The parent may be younger than the snapshot.
        try store.commit("active-1", as: "rebased", usage: .init(), parent: "same")
        let names = ["rebased", "same", "committed-2", "committed-1"]
        let ids = try names.map { try store.stat($0).id }
        #expect(try store.create(.view, key: "v", parent: "rebased").parents == ids)
        try expect(.failedPrecondition) { try store.remove("same") }
    }

    /// containerd's own tests of snapshotters look for the word (snapshots/testsuite, checkSnapshotterBasic).
    @Test func aRefusedRemovalNamesTheCall() throws {
        try populate()
        let error = #expect(throws: SnapshotError.self) { _ = try store.remove("committed-1") }
        #expect(error?.message.contains("remove") == true)
    }

    @Test func removeGoesFromTheTop() throws {
        try populate()
        try expect(.notFound) { try store.remove("missing") }
        try expect(.failedPrecondition) { try store.remove("committed-1") }
        try expect(.failedPrecondition) { try store.remove("committed-2") }
        for key in ["active-2", "view-2", "committed-2", "committed-1", "active-1"] {
            let record = try store.stat(key)
            let removed = try store.remove(key)
            #expect(removed.id == record.id)
            #expect(removed.kind == record.info.kind)
            try expect(.notFound) { try store.remove(key) }
        }
        #expect(try store.ids().isEmpty)
        // Labels went with it, and the id does not come back.
        let new = try store.create(.active, key: "active-1", parent: "")
        #expect(new.id == 6)
        #expect(try store.stat("active-1").info.labels == [:])
    }

    @Test func updateChangesLabelsOnly() throws {
        try populate()
        let before = try store.stat("active-1").info
        var change = before
        change.kind = .committed
        change.parent = "committed-1"
        change.created = Timestamp(seconds: 1)
        change.labels = ["n": "1", "empty": ""]
        let after = try store.update(change)
        #expect(after.labels == ["n": "1"])
        #expect(after.updated.seconds > before.updated.seconds)
        #expect((after.kind, after.parent) == (before.kind, before.parent))
        #expect(after.created == before.created)
        #expect(try store.stat("active-1").info == after)
    }

    @Test(
        arguments: [
            ([], ["b": "2", "c.d": "3"]), (["labels"], ["b": "2", "c.d": "3"]), (["labels.b"], ["a": "1", "b": "2"]),
            (["labels.c.d"], ["a": "1", "b": "1", "c.d": "3"]), (["labels.a"], ["b": "1"]),
            (["labels.a", "labels.b"], ["b": "2"]), (["labels.missing"], ["a": "1", "b": "1"]),
            (["labels.a", "labels"], ["b": "2", "c.d": "3"]), (["labels", "labels.a"], ["b": "2", "c.d": "3"]),
        ] as [([String], [String: String])])
    func updatePaths(paths: [String], expected: [String: String]) throws {
        _ = try store.create(.active, key: "k", parent: "", labels: ["a": "1", "b": "1"])
        var info = try store.stat("k").info
        info.labels = ["b": "2", "c.d": "3"]
        #expect(try store.update(info, paths: paths).labels == expected)
        #expect(try store.stat("k").info.labels == expected)
    }

    @Test func updateRefuses() throws {
        try populate()
        var info = try store.stat("active-1").info
        for path in ["name", "parent", "kind", "created_at", "labels.", "label", "", "Labels", "labelsx"] {
            try expect(.invalidArgument) { _ = try store.update(info, paths: ["labels.x", path]) }
        }
        info.labels = ["key": String(repeating: "v", count: 4094)]
        try expect(.invalidArgument) { _ = try store.update(info) }
        info.name = "missing"
        try expect(.notFound) { _ = try store.update(info, paths: ["nonsense"]) }
        // Labels that are only together too many.
        info.name = "active-1"
        info.labels = Dictionary(uniqueKeysWithValues: (0..<999).map { ("\($0)", "v") })
        try expect(.invalidArgument) { _ = try store.update(info, paths: info.labels.keys.map { "labels.\($0)" }) }
    }

    @Test func listIsInTheOrderOfBytes() throws {
        for key in ["b", "a/b", "a", "B", "é", "a\0", "z", "a-b", "\u{10ffff}", "\u{e000}"] {
            _ = try store.create(.active, key: key, parent: "")
        }
        #expect(try names() == ["B", "a", "a\0", "a-b", "a/b", "b", "z", "é", "\u{e000}", "\u{10ffff}"])
    }

    @Test func listIsFiltered() throws {
        try populate()
        let names = { (filters: String...) in
            try store.records(matching: try SnapshotFilter(filters)).map(\.info.name)
        }
        #expect(try names("kind==committed") == ["committed-1", "committed-2"])
        #expect(try names("kind==view", "labels.x") == ["active-1", "view-2"])
        #expect(try names("parent==committed-2,kind!=view") == ["active-2"])
        #expect(try names(#"labels."z.w"==v"#) == ["active-1"])
        #expect(try names() == ["active-1", "active-2", "committed-1", "committed-2", "view-2"])
    }

    @Test func reopeningKeepsAll() throws {
        try populate()
        let before = try store.records()
        let ids = try store.ids()
        // One more connection, and one after a close.
        #expect(try Self.open(folder).records() == before)
        let copy = try TestFolder()
        for name in ["snapshots.db", "snapshots.db-wal"] {
            _ = try copy.write(name, try TestTool.read("\(folder.path)/\(name)"))
        }
        let other = try Self.open(copy)
        #expect(try other.records() == before)
        #expect(try other.ids() == ids)
        #expect(try other.create(.active, key: "next", parent: "committed-2").id == 6)
    }

    @Test func newerFileIsRefused() throws {
        let path = "\(folder.path)/newer.db"
        try SQLiteConnection(path, synchronous: .full).execute("PRAGMA user_version = 3")
        #expect(throws: HermesError.self) { try SnapshotStore(path) }
    }

    @Test func damagedRelationsAreCorrupt() throws {
        try populate()
        let raw = try SQLiteConnection("\(folder.path)/snapshots.db", synchronous: .full)
        // Its own grandparent.
        try raw.execute(
            """
            UPDATE snapshots SET parent = (SELECT id FROM snapshots WHERE name = 'committed-2')
            WHERE name = 'committed-1'
            """)
        for call in [
            { _ = try store.chain("active-2") }, { _ = try store.create(.view, key: "n", parent: "committed-1") },
        ] {
            let error = #expect(throws: HermesError.self, performing: call)
            #expect(error?.code == .corrupt)
        }
        try raw.execute("PRAGMA ignore_check_constraints = ON; UPDATE snapshots SET kind = 9 WHERE name = 'active-1'")
        let error = #expect(throws: HermesError.self) { try store.records() }
        #expect(error?.code == .corrupt)
    }

    @Test func manyThreadsAtOnce() async throws {
        let store = store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    try await onBlockingThread {
                        for n in 0..<10 {
                            let key = "\(thread)-\(n)"
                            _ = try store.create(.active, key: key, parent: n == 0 ? "" : "c-\(thread)-\(n - 1)")
                            try store.commit(key, as: "c-\(key)", usage: .init())
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.ids().count == 40)
        #expect(try store.create(.view, key: "v", parent: "c-3-9").parents.count == 10)
    }
}
