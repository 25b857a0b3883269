import HermesCore
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// Snapshots that are mounted lazily, in the store: what stands on them, and what removing them gives back.
@Suite struct SnapshotStoreLazyTests {
    private let folder: TestFolder
    private let store: SnapshotStore
    private var path: String { "\(folder.path)/snapshots.db" }

    init() throws {
        folder = try TestFolder()
        store = try SnapshotStore("\(folder.path)/snapshots.db")
    }

    private static func base(_ layers: Int, image: UInt8 = 1) -> LazyBase {
        LazyBase(image: .of([image]), reference: "registry.example/app:1", layers: layers)
    }

    private func plain(_ name: String, on parent: String) throws -> Int64 {
        _ = try store.create(.active, key: "tmp", parent: parent)
        return try store.commit("tmp", as: name, usage: SnapshotUsage())
    }

    @Test func aChainEndsAtItsNearestBase() throws {
        // As containerd does it: an image of which two layers are lazy, the next was pulled, and another lazy one above.
        try store.addLazy("l1", parent: "", labels: ["a": "b"], Self.base(1))
        try store.addLazy("l2", parent: "l1", labels: [:], Self.base(2))
        let one = try plain("p1", on: "l2")
        let two = try plain("p2", on: "p1")
        let active = try store.create(.active, key: "active", parent: "p2")
        #expect(active.parents == [two, one])
        #expect(active.base == Self.base(2))
        #expect(try store.chain("active") == active)
        try store.addLazy("l3", parent: "p2", labels: [:], Self.base(5, image: 2))
        let three = try plain("p3", on: "l3")
        let top = try store.create(.view, key: "view", parent: "p3")
        #expect(top.parents == [three])
        #expect(top.base == Self.base(5, image: 2))
        let plainOnly = try store.create(
            .view, key: "plain",
            parent: try {
                _ = try plain("p0", on: ""); return "p0"
            }())
        #expect(plainOnly.base == nil)
        #expect(plainOnly.parents.count == 1)
        // What is below a lazy snapshot is part of it.
        #expect(try store.create(.active, key: "on-l1", parent: "l1").base == Self.base(1))
        #expect(try store.create(.active, key: "on-l2", parent: "l2").parents == [])
        for (parent, base) in [
            ("l1", Self.base(1)), ("l2", Self.base(2)), ("p1", Self.base(2)), ("l3", Self.base(5, image: 2)),
        ] {
            #expect(try store.lazyBase(under: parent) == base)
        }
        for parent in ["p0", "", "missing"] { #expect(try store.lazyBase(under: parent) == nil) }
        #expect(try store.lazyBases() == [Self.base(1), Self.base(2), Self.base(5, image: 2)])
    }

    @Test func itIsACommittedSnapshot() throws {
        try store.addLazy("l1", parent: "", labels: ["a": "b"], Self.base(1))
        let record = try store.stat("l1")
        #expect(record.info.kind == .committed)
        #expect(record.info.labels == ["a": "b"])
        #expect(record.lazy == Self.base(1))
        #expect(record.usage == SnapshotUsage())
        #expect(try store.records().map(\.lazy) == [Self.base(1)])
        let error = #expect(throws: SnapshotError.self) { try store.chain("l1") }
        #expect(error?.kind == .failedPrecondition)
        // An active snapshot that is committed on it is a folder.
        _ = try plain("p1", on: "l1")
        #expect(try store.stat("p1").lazy == nil)
    }

    @Test func aRefusedOneLeavesNothing() throws {
        try store.addLazy("l1", parent: "", labels: [:], Self.base(1))
        _ = try store.create(.active, key: "active", parent: "l1")
        let before = try store.records()
        let refused = { (kind: SnapshotError.Kind, name: String, parent: String, labels: [String: String]) in
            let error = #expect(throws: SnapshotError.self) {
                try store.addLazy(name, parent: parent, labels: labels, Self.base(7, image: 9))
            }
            #expect(error?.kind == kind)
        }
        refused(.alreadyExists, "l1", "", [:])
        refused(.alreadyExists, "active", "l1", [:])
        refused(.notFound, "new", "missing", [:])
        refused(.invalidArgument, "new", "active", [:])
        refused(.invalidArgument, "", "", [:])
        refused(.invalidArgument, "new", "", ["": "x"])
        // The table's own condition.
        #expect(throws: HermesError.self) { try store.addLazy("new", parent: "", labels: [:], Self.base(0)) }
        #expect(try store.records() == before)
        #expect(try store.lazyBases() == [Self.base(1)])
        #expect(try !store.isUsed(.of([9])))
    }

    @Test func removalGivesTheBaseBack() throws {
        try store.addLazy("l1", parent: "", labels: [:], Self.base(1))
        try store.addLazy("l2", parent: "l1", labels: [:], Self.base(2))
        _ = try plain("p1", on: "l2")
        #expect(throws: SnapshotError.self) { try store.remove("l2") }
        // A folder's removal says nothing of the image, which its parent still needs.
        #expect(try store.remove("p1").lazy == nil)
        #expect(try store.isUsed(.of([1])))
        #expect(try store.remove("l2").lazy == Self.base(2))
        #expect(try store.isUsed(.of([1])))
        #expect(try store.remove("l1").lazy == Self.base(1))
        #expect(try !store.isUsed(.of([1])))
        #expect(try store.lazyBases() == [])
        let left = try SQLiteConnection(path, synchronous: .full).row("SELECT count(*) FROM lazy") { try $0.int64(0) }
        #expect(left == 0)
    }

    @Test func aFileOfTheFirstVersionIsMigrated() throws {
        let old = "\(folder.path)/old.db"
        do {
            let raw = try SQLiteConnection(old, synchronous: .full)
            try raw.execute(SnapshotSchema.version1)
            try raw.execute(
                """
                INSERT INTO snapshots (name, parent, kind, created, updated, size, inodes) VALUES
                    ('c1', NULL, 3, 1, 2, 30, 4), ('c2', 1, 3, 1, 2, 5, 6), ('a', 2, 2, 1, 2, 0, 0);
                INSERT INTO labels VALUES (1, 'k', 'v');
                PRAGMA user_version = 1
                """)
        }
        let store = try SnapshotStore(old)
        #expect(try store.records().map(\.info.name) == ["a", "c1", "c2"])
        #expect(try store.records().allSatisfy { $0.lazy == nil })
        #expect(try store.stat("c1").info.labels == ["k": "v"])
        #expect(try store.stat("c1").usage == SnapshotUsage(size: 30, inodes: 4))
        #expect(try store.chain("a") == SnapshotChain(id: 3, kind: .active, parents: [2, 1], base: nil))
        #expect(try store.lazyBases() == [])
        try store.addLazy("l", parent: "c2", labels: [:], Self.base(3))
        #expect(try SnapshotStore(old).lazyBase(under: "l") == Self.base(3))
    }

    @Test(arguments: ["image = 'sha256:x'", "image = ''", "layers = 0", "layers = -1"])
    func damagedRowsAreCorrupt(damage: String) throws {
        try store.addLazy("l1", parent: "", labels: [:], Self.base(1))
        _ = try store.create(.active, key: "a", parent: "l1")
        let raw = try SQLiteConnection(path, synchronous: .full)
        try raw.execute("PRAGMA ignore_check_constraints = ON; UPDATE lazy SET \(damage)")
        for call in [
            { _ = try store.chain("a") }, { _ = try store.stat("l1") }, { _ = try store.records() },
            { _ = try store.lazyBases() }, { _ = try store.lazyBase(under: "l1") },
        ] {
            let error = #expect(throws: HermesError.self, performing: call)
            #expect(error?.code == .corrupt)
        }
    }

    @Test func aKillLeavesWholeCalls() throws {
        let path = "\(folder.path)/killed.db"
        var told = 0
        for microseconds in [1, 9_000, 20_000, 35_000] {
            told += try TestChild.killed("lazy", path, afterMicroseconds: microseconds)
            let store = try SnapshotStore(path)
            let records = try store.records()
            // Each snapshot with its base and its labels, and no base without its snapshot.
            #expect(!records.isEmpty)
            #expect(records.allSatisfy { $0.lazy != nil && $0.info.labels.count == 1 && $0.info.kind == .committed })
            let left = try SQLiteConnection(path, synchronous: .full).row("SELECT count(*) FROM lazy") {
                try $0.int64(0)
            }
            #expect(left == Int64(records.count))
        }
        #expect(told >= 40)
    }
}
