import HermesHTTP
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Against a real API server.
@Suite(.enabled(if: TestCluster.isAvailable)) struct RealClientTests {
    private func error(_ body: () async throws -> Void) async -> KubernetesStatus? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HermesError)?.kubernetesStatus
        }
    }

    @Test func objectsComeAndGo() async throws {
        let real = try await RealCluster()
        let made = try await real.createConfigMap("a", ["k": "v"])
        #expect(made.metadata.uid != nil && made.metadata.namespace == real.namespace)
        let path = real.path("configmaps", "a")
        #expect(try await real.client.get(ConfigMap.self, path) == made)
        var changed = made
        changed.data = ["k": "w"]
        let updated = try await real.client.update(changed, path)
        #expect(updated.data == ["k": "w"] && updated.metadata.resourceVersion != made.metadata.resourceVersion)

        let late = await error { _ = try await real.client.update(made, path) }
        #expect(late?.isConflict == true && late?.alreadyExists == false)
        let again = await error { _ = try await real.createConfigMap("a") }
        #expect(again?.alreadyExists == true)
        try await real.client.delete(path)
        let gone = await error { _ = try await real.client.get(ConfigMap.self, path) }
        #expect(gone?.isNotFound == true)
    }

    @Test func aStatusPatchWithAnOldVersionIsAConflict() async throws {
        struct Patch: Encodable {
            var metadata: [String: String?]
            var status = ["phase": "Running"]
        }
        let real = try await RealCluster()
        let pod = #"{"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}"#
        let created = try await real.client.create(
            JSON.decode(Pod.self, from: Array(pod.utf8), name: "the Pod"), real.path("pods"))
        let patch = Patch(metadata: ["resourceVersion": created.metadata.resourceVersion])
        let path = real.path("pods", "a").status
        let running = try await real.client.mergePatch(patch, path, as: Pod.self)
        #expect(running.status?.phase == "Running" && running.spec == created.spec)
        let conflict = await error { _ = try await real.client.mergePatch(patch, path, as: Pod.self) }
        #expect(conflict?.isConflict == true)
    }

    @Test func aListComesInPagesAndSelects() async throws {
        let real = try await RealCluster()
        for name in ["a", "b", "c", "d", "e"] {
            let map = ConfigMap(metadata: ObjectMeta(name: name, labels: ["half": name < "c" ? "1" : "2"]))
            _ = try await real.client.create(map, real.path("configmaps"))
        }
        let all = try await real.client.list(ConfigMap.self, real.path("configmaps"), pageSize: 2)
        #expect(all.items.map(\.metadata.name) == ["a", "b", "c", "d", "e"])
        let half = try await real.client.list(
            ConfigMap.self, real.path("configmaps"), .init(labels: "half=2"), pageSize: 2)
        #expect(half.items.map(\.metadata.name) == ["c", "d", "e"])
        let one = try await real.client.list(ConfigMap.self, real.path("configmaps"), .init(fields: "metadata.name=b"))
        #expect(one.items.map(\.metadata.name) == ["b"])
    }

    @Test func aUserWithoutRightsIsDenied() async throws {
        let real = try await RealCluster()
        let hermes = try real.client(.hermes)
        do {
            _ = try await hermes.list(ConfigMap.self, real.path("configmaps"))
            Issue.record("it was not denied")
        } catch let error as HermesError {
            #expect(error.code == .denied)
            #expect(error.kubernetesStatus?.code == 403)
            // The server's own words.
            #expect("\(error)".contains("User \"hermes\" cannot list resource \"configmaps\""), "\(error)")
        }
    }

    @Test func credentialsOfEveryKindAreAccepted() async throws {
        let real = try await RealCluster()
        let folder = try TestFolder()
        let file = try folder.write("token", Array("first-token\n".utf8))
        let answer =
            #"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "second-token"}}"#
        let plugin = ExecPlugin(command: "echo", arguments: [answer])
        for credentials in [.token("first-token"), .tokenFile(file), .plugin(plugin)] as [ClusterCredentials] {
            var configuration = real.client.configuration
            configuration.credentials = credentials
            let client = KubernetesClient(configuration, http: real.http)
            // Who is known and may not is told so; who is not known gets 401.
            #expect(await error { _ = try await client.list(ConfigMap.self, real.path("configmaps")) }?.code == 403)
        }
        var configuration = real.client.configuration
        configuration.credentials = .token("wrong")
        let client = KubernetesClient(configuration, http: real.http)
        #expect(await error { _ = try await client.list(ConfigMap.self, real.path("configmaps")) }?.code == 401)
    }

    @Test func theServerIsVerifiedUnlessTheConfigurationSaysOtherwise() async throws {
        let real = try await RealCluster()
        var configuration = real.client.configuration
        configuration.authorities = nil
        let strict = KubernetesClient(configuration, http: real.http)
        let refusal = await #expect(throws: HermesError.self) {
            try await strict.list(ConfigMap.self, real.path("configmaps"))
        }
        #expect(refusal?.code == .protocolViolation)
        configuration.verifies = false
        let lax = KubernetesClient(configuration, http: real.http)
        #expect(try await lax.list(ConfigMap.self, real.path("configmaps")).resourceVersion.isEmpty == false)
    }
}
