import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Against a server that answers what a test tells it.
@Suite struct KubernetesClientTests {
    private let server: ScriptedServer
    private let pods = ResourcePath(plural: "pods", namespace: "n")

    init() throws { server = try ScriptedServer() }

    private func page(_ names: [String], next: String = "", version: String = "7") -> ScriptedServer.Answer {
        let items = names.map { #"{"metadata": {"name": "\#($0)"}}"# }.joined(separator: ", ")
        return .init(
            body: #"{"metadata": {"resourceVersion": "\#(version)", "continue": "\#(next)"}, "items": [\#(items)]}"#)
    }

    private func status(_ code: Int, _ reason: String, details: String = "{}") -> ScriptedServer.Answer {
        .init(
            status: code,
            body:
                #"{"kind": "Status", "code": \#(code), "reason": "\#(reason)", "message": "why", "details": \#(details)}"#
        )
    }

    private func list() async throws -> KubernetesList<ConfigMap> {
        let selection = KubernetesSelection(labels: "a=b", fields: "c=d")
        return try await server.client().list(ConfigMap.self, pods, selection, pageSize: 2)
    }

    @Test func aListComesInPages() async throws {
        try await server.answer([page(["a", "b"], next: "x y", version: "7"), page(["c"], version: "7")])
        let list = try await list()
        #expect(list.items.map(\.metadata.name) == ["a", "b", "c"])
        #expect(list.resourceVersion == "7")
        let paths = try await server.requests().map(\.path)
        let first = "/api/v1/namespaces/n/pods?labelSelector=a%3Db&fieldSelector=c%3Dd&limit=2"
        #expect(paths == [first, "\(first)&continue=x%20y"])
    }

    @Test func aListWhosePagesAreLostBeginsAgain() async throws {
        try await server.answer([
            page(["a", "b"], next: "x"), status(410, "Expired"), page(["a"], next: "y", version: "9"),
            page(["d"], version: "9"),
        ])
        let list = try await list()
        #expect(list.items.map(\.metadata.name) == ["a", "d"])
        #expect(list.resourceVersion == "9")
        let paths = try await server.requests().map(\.path)
        #expect(paths.map { $0.contains("continue") } == [false, true, false, true])
        #expect(!paths.contains { $0.contains("resourceVersion") })
    }

    @Test func aListThatIsLostEachTimeFails() async throws {
        try await server.answer([status(410, "Expired"), status(410, "Expired"), status(410, "Expired"), page([])])
        let error = await #expect(throws: HermesError.self) { try await list() }
        #expect(error?.kubernetesStatus?.isGone == true)
        #expect(try await server.requests().count == 3)
    }

    @Test func aListWithoutAnEndFails() async throws {
        try await server.answer([page(["a"], next: "x"), page(["a"], next: "x"), page(["a"], next: "x")])
        let error = await #expect(throws: HermesError.self) { try await list() }
        #expect(error?.code == .protocolViolation)
    }

    @Test(arguments: [
        #"{"metadata": {"resourceVersion": "1"}, "items": null}"#, #"{"metadata": {"resourceVersion": "1"}}"#,
    ])
    func anEmptyListMayBeNull(body: String) async throws {
        try await server.answer([.init(body: body)])
        #expect(try await list().items == [])
    }

    @Test(arguments: [
        #"{"metadata": {}, "items": []}"#, "{}", "[]", "x", #"{"metadata": {"resourceVersion": "1"}, "items": [{}]}"#,
    ])
    func aListThatIsNoneFails(body: String) async throws {
        try await server.answer([.init(body: body)])
        let error = await #expect(throws: HermesError.self) { try await list() }
        #expect(error?.code == .corrupt)
    }

    @Test(arguments: [
        (400, HermesError.Code.protocolViolation), (401, .denied), (403, .denied), (404, .notFound),
        (409, .cannotCreate),
        (410, .notFound), (422, .protocolViolation), (429, .unavailable), (500, .unavailable), (503, .unavailable),
    ])
    func aRefusalSaysWhy(code: Int, expected: HermesError.Code) async throws {
        try await server.answer([status(code, "Reason")])
        let error = await #expect(throws: HermesError.self) {
            try await server.client().get(ConfigMap.self, pods.object("a"))
        }
        #expect(error?.code == expected)
        #expect(error?.kubernetesStatus == KubernetesStatus(code: code, reason: "Reason", message: "why"))
        #expect(error.map { "\($0)" } == "cannot get pods a in n: \(code) Reason why")
    }

    @Test func aRefusalNeedNotBeAStatus() async throws {
        try await server.answer([.init(status: 502, body: "<html>"), .init(status: 301, headers: ["Location": "/x"])])
        for code in [502, 301] {
            let error = await #expect(throws: HermesError.self) {
                try await server.client().get(ConfigMap.self, pods.object("a"))
            }
            #expect(error?.kubernetesStatus == KubernetesStatus(code: code))
        }
        #expect(try await server.requests().count == 2)
    }

    @Test func aServerSaysWhenToComeBack() async throws {
        var header = status(429, "TooManyRequests", details: #"{"retryAfterSeconds": 2}"#)
        try await server.answer([header])
        header.headers = ["Retry-After": "7"]
        try await server.answer([header])
        header.headers = ["Retry-After": "99999999999999"]
        try await server.answer([header])
        for expected in [2000, 7000, 300_000] {
            let error = await #expect(throws: HermesError.self) {
                try await server.client().get(ConfigMap.self, pods.object("a"))
            }
            #expect(error?.kubernetesStatus?.retryAfter == expected)
        }
    }

    @Test func writesHaveTheirMethodAndType() async throws {
        let object = #"{"metadata": {"name": "a"}}"#
        try await server.answer([.init(body: object), .init(body: object), .init(body: object), .init(body: "{}")])
        let client = try server.client(.token("secret"))
        let map = ConfigMap(metadata: ObjectMeta(name: "a"))
        _ = try await client.create(map, pods)
        _ = try await client.update(map, pods.object("a"))
        _ = try await client.mergePatch(["data": ["k": "v"]], pods.object("a").status, as: ConfigMap.self)
        try await client.delete(pods.object("a"))
        let error = await #expect(throws: HermesError.self) { try await client.delete(pods) }
        #expect(error?.code == .usage)
        let requests = try await server.requests()
        #expect(requests.map(\.method) == ["POST", "PUT", "PATCH", "DELETE"])
        let path = "/api/v1/namespaces/n/pods"
        #expect(requests.map(\.path) == [path, "\(path)/a", "\(path)/a/status", "\(path)/a"])
        #expect(
            requests.map { $0.headers["content-type"] } == [
                "application/json", "application/json", "application/merge-patch+json", nil,
            ])
        #expect(
            requests.map(\.body) == [
                #"{"metadata":{"name":"a"}}"#, #"{"metadata":{"name":"a"}}"#, #"{"data":{"k":"v"}}"#, "",
            ])
        #expect(requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
        #expect(requests.allSatisfy { $0.headers["user-agent"] == "hermes/\(HermesVersion.current)" })
    }

    @Test func aRefusedTokenIsReadAgainOnce() async throws {
        let folder = try TestFolder()
        let path = try folder.write("token", Array("old".utf8))
        let client = try server.client(.tokenFile(path))
        try await server.answer([
            page([]), status(401, "Unauthorized"), page([]), status(401, "Unauthorized"), status(401, "Unauthorized"),
        ])
        _ = try await client.list(ConfigMap.self, pods)
        _ = try folder.write("token", Array("new".utf8))
        _ = try await client.list(ConfigMap.self, pods)
        let error = await #expect(throws: HermesError.self) { try await client.list(ConfigMap.self, pods) }
        #expect(error?.code == .denied)
        #expect(error.map { "\($0)".contains("new") } == false)
        let tokens = try await server.requests().map { $0.headers["authorization"] }
        #expect(tokens == ["Bearer old", "Bearer old", "Bearer new", "Bearer new", "Bearer new"])
    }
}
