import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesKubernetes

/// Against a real API server.
@Suite(.enabled(if: TestCluster.isAvailable)) struct RealEventTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func events(_ real: RealCluster, in namespace: String, of name: String) async throws -> [Event] {
        try await real.client.list(
            Event.self, ResourcePath(plural: "events", namespace: namespace),
            .init(fields: "involvedObject.name=\(name)")
        ).items
    }

    @Test func eventsAreCounted() async throws {
        let real = try await RealCluster()
        let map = try await real.createConfigMap("a")
        let object = ObjectReference(apiVersion: "v1", kind: "ConfigMap", map.metadata)
        let recorder = EventRecorder(client: real.client, component: "hermes-test", logger: log)
        for _ in 0..<3 { recorder.record(.normal, object, reason: "Built", message: "the index is there") }
        recorder.record(.warning, object, reason: "Failed", message: "the index is not there")
        await recorder.finish()
        let found = try await events(real, in: real.namespace, of: "a").sorted { $0.reason < $1.reason }
        #expect(found.map(\.reason) == ["Built", "Failed"])
        #expect(found.map(\.count) == [3, 1])
        #expect(found.map(\.type) == [.normal, .warning])
        #expect(found.allSatisfy { $0.involvedObject.uid == map.metadata.uid && $0.source.component == "hermes-test" })
    }

    @Test func anEventThatTheServerForgotIsMadeAgain() async throws {
        let real = try await RealCluster()
        let map = try await real.createConfigMap("a")
        let object = ObjectReference(apiVersion: "v1", kind: "ConfigMap", map.metadata)
        let recorder = EventRecorder(client: real.client, component: "hermes-test", logger: log)
        recorder.record(.normal, object, reason: "Built", message: "text")
        var first: [Event] = []
        while first.isEmpty { first = try await events(real, in: real.namespace, of: "a") }
        try await real.client.delete(real.path("events", first[0].metadata.name))
        recorder.record(.normal, object, reason: "Built", message: "text")
        await recorder.finish()
        #expect(try await events(real, in: real.namespace, of: "a").map(\.count) == [2])
    }

    @Test func anEventOfTheClusterIsInDefault() async throws {
        let real = try await RealCluster()
        let name = "node-\(real.namespace)"
        let object = ObjectReference(apiVersion: "v1", kind: "Node", ObjectMeta(name: name))
        let recorder = EventRecorder(client: real.client, component: "hermes-test", logger: log)
        recorder.record(.warning, object, reason: "Seen", message: "text")
        await recorder.finish()
        #expect(try await events(real, in: "default", of: name).map(\.reason) == ["Seen"])
    }

    /// A user without rights, and a server that is not there: nothing is thrown, and the recorder comes to its end.
    @Test func whatCannotBeWrittenIsLost() async throws {
        let real = try await RealCluster()
        let object = ObjectReference(
            apiVersion: "v1", kind: "ConfigMap", ObjectMeta(name: "a", namespace: real.namespace))
        let recorder = EventRecorder(client: try real.client(.hermes), component: "hermes-test", logger: log)
        for number in 0..<3 { recorder.record(.normal, object, reason: "Seen", message: "\(number)") }
        await recorder.finish()
        recorder.record(.normal, object, reason: "Late", message: "text")
        #expect(try await events(real, in: real.namespace, of: "a") == [])
    }
}
