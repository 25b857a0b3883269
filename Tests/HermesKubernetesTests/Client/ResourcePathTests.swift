import HermesSupport
import Testing

@testable import HermesKubernetes

/// Against Kubernetes, "API concepts", resource URIs.
@Suite struct ResourcePathTests {
    @Test func pathsAreThoseOfTheServer() throws {
        let pods = ResourcePath(plural: "pods")
        #expect(try pods.text() == "/api/v1/pods")
        #expect(try pods.object("a.b-c", in: "team").text() == "/api/v1/namespaces/team/pods/a.b-c")
        let policies = ResourcePath(group: "hermes.example", version: "v1alpha1", plural: "policies")
        #expect(try policies.text() == "/apis/hermes.example/v1alpha1/policies")
        #expect(try policies.object("x").status.text() == "/apis/hermes.example/v1alpha1/policies/x/status")
        #expect(try pods.object("system:a?b#c d", in: "n").text() == "/api/v1/namespaces/n/pods/system%3Aa%3Fb%23c%20d")
    }

    @Test(arguments: ["", ".", "..", "a/b", "../x", "a%2fb"]) func aNameCannotLeaveItsPlace(name: String) {
        let error = #expect(throws: HermesError.self) { try ResourcePath(plural: "pods").object(name, in: "n").text() }
        #expect(error?.code == .usage)
        #expect(throws: HermesError.self) { try ResourcePath(plural: "pods").object("a", in: name).text() }
    }
}
