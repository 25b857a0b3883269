import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// Random calls on the store and on a model of it: the same answers, the same refusals, the same snapshots.
@Suite struct SnapshotModelTests {
    /// What a call gave, to be compared.
    private enum Outcome: Equatable {
        case chain(SnapshotChain)
        case id(Int64)
        case labels([String: String])
        case refused(SnapshotError.Kind)

        init(_ body: () throws -> Outcome) throws {
            do { self = try body() } catch let error as SnapshotError { self = .refused(error.kind) }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func answersAsTheModel(seed: UInt64) throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/snapshots.db"
        var store = try SnapshotStore(path)
        var model = SnapshotModel()
        var random = SeededGenerator(seed: seed)
        // Few names, so that calls meet; the empty one among them.
        let names = ["", "a", "b", "c", "d", "e", "f", "g", "h", "i"]
        let labels = ["l", "m", "n.o"]
        var seen: Set<String> = []
        func name() -> String { names[Int.random(in: 0..<names.count, using: &random)] }
        for step in 0..<400 {
            let (key, other, parent) = (name(), name(), Bool.random(using: &random) ? "" : name())
            var some: [String: String] = [:]
            for label in labels where Bool.random(using: &random) {
                some[label] = ["", "1", "2"][Int.random(in: 0..<3, using: &random)]
            }
            let stored: Outcome
            let expected: Outcome
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let kind: SnapshotKind = [.active, .active, .active, .view, .committed][
                    Int.random(in: 0..<5, using: &random)]
                stored = try Outcome { .chain(try store.create(kind, key: key, parent: parent, labels: some)) }
                expected = try Outcome { .chain(try model.create(kind, key, parent, some)) }
            case 4..<7:
                let usage = SnapshotUsage(size: Int64(step), inodes: 1)
                stored = try Outcome {
                    .id(try store.commit(key, as: other, usage: usage, labels: some, parent: parent))
                }
                expected = try Outcome { .id(try model.commit(key, other, usage, some, parent)) }
            case 7:
                stored = try Outcome { .id(try store.remove(key).id) }
                expected = try Outcome { .id(try model.remove(key)) }
            default:
                let paths = [[], ["labels"], ["labels.l"], ["labels.m", "labels.n.o"], ["labels.l", "kind"]][
                    Int.random(in: 0..<5, using: &random)]
                let info = SnapshotInfo(
                    name: key, kind: .view, created: Timestamp(seconds: 0), updated: Timestamp(seconds: 0), labels: some
                )
                stored = try Outcome { .labels(try store.update(info, paths: paths).labels) }
                expected = try Outcome { .labels(try model.update(key, some, paths)) }
            }
            try #require(stored == expected, "step \(step)")
            if case .refused(let kind) = stored { seen.insert("\(kind)") }
            if step % 97 == 0 { store = try SnapshotStore(path) }
            if step % 10 == 0 { try compare(store, model, step) }
        }
        try compare(store, model, 400)
        #expect(seen.count == SnapshotError.Kind.allCases.count)
    }

    private func compare(_ store: SnapshotStore, _ model: SnapshotModel, _ step: Int) throws {
        let records = try store.records()
        try #require(records.map(\.info.name) == model.entries.keys.sorted(), "step \(step)")
        for record in records {
            let info = record.info
            let entry = SnapshotModel.Entry(
                id: record.id, parent: info.parent, kind: info.kind, labels: info.labels, usage: record.usage)
            try #require(entry == model.entries[info.name], "step \(step)")
            try #require(try store.stat(info.name) == record)
            if info.kind != .committed {
                try #require(try store.chain(info.name).parents == model.chain(of: info.parent))
            }
        }
        try #require(try store.ids().count == records.count)
    }
}
