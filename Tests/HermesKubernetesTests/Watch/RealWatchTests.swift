import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesKubernetes

/// Against a real API server.
@Suite(.enabled(if: TestCluster.isAvailable), .timeLimit(.minutes(2))) struct RealWatchTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct Patch: Encodable {
        var data: [String: String]
    }

    private func set(_ name: String, _ value: String, _ real: RealCluster) async throws -> ConfigMap {
        try await real.client.mergePatch(Patch(data: ["k": value]), real.path("configmaps", name), as: ConfigMap.self)
    }

    @Test func allChangesCome() async throws {
        let real = try await RealCluster()
        for name in ["a", "b", "c"] { _ = try await real.createConfigMap(name) }
        let watch = ResourceWatch(
            ConfigMap.self, real.path("configmaps"), client: real.client, pageSize: 2, logger: log)
        var changes = watch.makeAsyncIterator()
        guard case .replaced(let first) = await changes.next() else {
            Issue.record("no list")
            return
        }
        #expect(first.map(\.metadata.name) == ["a", "b", "c"])
        let changed = try await set("a", "1", real)
        #expect(await changes.next() == .changed(changed))
        let created = try await real.createConfigMap("d")
        #expect(await changes.next() == .changed(created))
        try await real.client.delete(real.path("configmaps", "b"))
        guard case .deleted(let map) = await changes.next() else {
            Issue.record("no deletion")
            return
        }
        #expect(map.metadata.name == "b")
    }

    /// Nothing is lost or comes twice between two watches when the second begins at the version of the last line.
    @Test func aWatchGoesOnFromAVersion() async throws {
        let real = try await RealCluster()
        let maps = real.path("configmaps")
        let list = try await real.client.list(ConfigMap.self, maps)
        var version = list.resourceVersion
        for name in ["a", "b", "c"] { _ = try await real.createConfigMap(name) }
        for name in ["a", "b", "c"] {
            // Cut behind its first line.
            var lines = try await real.client.watch(maps, .init(), from: version, seconds: 60).makeAsyncIterator()
            let bytes = try #require(try await lines.next())
            let line = try JSON.decode(WatchLine<ConfigMap>.self, from: bytes, name: "the line")
            guard case .changed(let map) = line else {
                Issue.record("\(line)")
                return
            }
            #expect(map.metadata.name == name)
            version = try #require(line.version)
        }
    }

    /// etcd forgets the version that a watch would go on from, and the moment of a list that is not at its end.
    @Test func aVersionThatEtcdForgotIsGone() async throws {
        let real = try await RealCluster(isShared: false)
        let maps = real.path("configmaps")
        let old = try await real.createConfigMap("a")
        _ = try await real.createConfigMap("b")
        let new = try await set("a", "1", real)
        let first = try await real.client.send(.init(path: maps, query: [("limit", "1")], action: "cannot list"))
        let next = try #require(try KubernetesPage<ConfigMap>(first, name: "the page").next)
        let latest = try await set("b", "2", real).metadata.resourceVersion
        try await onBlockingThread { [cluster = real.cluster] in try cluster.compact(latest ?? "") }

        func isGone(_ body: () async throws -> Void) async throws -> Bool {
            do {
                try await body()
                return false
            } catch let error as HermesError {
                guard let status = error.kubernetesStatus else { throw error }
                return status.isGone
            }
        }
        #expect(
            try await isGone {
                _ = try await real.client.send(
                    .init(path: maps, query: [("limit", "1"), ("continue", next)], action: "cannot list"))
            })
        // In a line of the watch or at once, as the server likes.
        #expect(
            try await isGone {
                let version = try #require(old.metadata.resourceVersion)
                var lines = try await real.client.watch(maps, .init(), from: version, seconds: 60).makeAsyncIterator()
                let line = try JSON.decode(
                    WatchLine<ConfigMap>.self, from: try #require(try await lines.next()), name: "the line")
                guard case .failed(let status) = line else {
                    Issue.record("\(line)")
                    return
                }
                throw HermesError.refused("cannot go on", status)
            })
        // All is well for a client that lists again.
        let list = try await real.client.list(ConfigMap.self, maps, pageSize: 1)
        #expect(list.items.map(\.metadata.name) == ["a", "b"])
        #expect(list.items.first == new)
    }
}
