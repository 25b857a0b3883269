import HermesController
import HermesSupport
import Testing

/// Against the fields of the Go controller's HermesPolicy, which users have applied.
@Suite struct HermesPolicyTests {
    @Test func readsAPolicyOfTheGoController() throws {
        let text = """
            {"apiVersion":"hermes.cloudpilot.ai/v1alpha1","kind":"HermesPolicy",
             "metadata":{"name":"vllm","generation":2,"resourceVersion":"81"},
             "spec":{"paused":false,"imageSelectors":[{"imageRegex":".*vllm.*"}],"platforms":["linux/amd64"]},
             "status":{"observedGeneration":2,"ready":1,"failed":1,"images":[
               {"imageDigestRef":"r/vllm@sha256:1","platform":"linux/amd64","phase":"Ready","lastBuildTime":"2026-01-01T00:00:00Z"},
               {"imageDigestRef":"r/vllm@sha256:2","platform":"linux/amd64","phase":"Failed","error":"no"}]}}
            """
        let policy = try JSON.decode(HermesPolicy.self, from: Array(text.utf8), name: "the policy")
        #expect(policy.metadata.name == "vllm")
        #expect(policy.spec.imageSelectors?.map(\.imageRegex) == [".*vllm.*"])
        #expect(policy.spec.platforms == ["linux/amd64"])
        #expect(policy.status?.images?.map(\.phase) == [.ready, .failed])
        #expect(policy.status?.images?.last?.error == "no")
    }
}
