import HermesSupport
import Testing

@testable import HermesBench

/// Against what the API server takes as a Pod (core/v1).
@Suite struct PodTemplateTests {
    private static let deployment = """
        apiVersion: v1
        kind: Service
        metadata: {name: other}
        ---
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: server, namespace: models, labels: {outer: label}}
        spec:
          replicas: 3
          template:
            metadata:
              name: old
              ownerReferences: [{name: set}]
              labels: {app: server, pod-template-hash: abc, "quoted": "yes"}
              annotations: {note: "1"}
            spec:
              nodeSelector: {pool: theirs, disk: ssd}
              restartPolicy: Always
              containers:
              - {name: main, image: "registry.example/server:1", command: [serve, "8000"], args: [--fast]}
              - {name: side, image: side}
        ---
        kind: Pod
        """

    private func template(_ text: String) throws -> PodTemplate {
        try PodTemplate(parsing: Array(text.utf8), name: "workload.yaml")
    }

    @Test func takesTheFirstDeploymentOrPod() throws {
        let template = try template(Self.deployment)
        #expect(template.namespace == "models")
        #expect(template.container == "main" && template.image == "registry.example/server:1")
        #expect(template.command == ["serve", "8000", "--fast"])
        #expect(throws: Never.self) {
            try self.template("{kind: Pod, spec: {containers: [{name: a, image: b}]}}\n---\nkind: Deployment")
        }
    }

    @Test func makesAPodOfItsOwn() throws {
        let pool = try NodePool(parsing: "n=pool=1,zone=true")
        let pod = try template(Self.deployment).pod(name: "made", on: pool, labels: ["bench": "7"])
        let json = String(decoding: try JSON.encode(pod), as: UTF8.self)
        #expect(
            json == """
                {"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{"note":"1"},\
                "labels":{"app":"server","bench":"7","quoted":"yes"},"name":"made"},\
                "spec":{"containers":[{"args":["--fast"],"command":["serve","8000"],"image":"registry.example/server:1",\
                "name":"main"},{"image":"side","name":"side"}],\
                "nodeSelector":{"disk":"ssd","pool":"1","zone":"true"},"restartPolicy":"Always"}}
                """)
    }

    @Test(arguments: [
        "kind: Service", "", "kind: Pod", "{kind: Pod, spec: {containers: []}}", "{kind: Pod, spec: {containers: 1}}",
        "{kind: Pod, spec: {containers: [{name: a}]}}",
        "{kind: Pod, spec: {nodeName: here, containers: [{name: a, image: b}]}}",
        "{kind: Pod, metadata: {labels: [1]}, spec: {containers: [{name: a, image: b}]}}",
        "{kind: Pod, spec: {nodeSelector: x, containers: [{name: a, image: b}]}}",
        "{kind: Pod, spec: {priority: 9223372036854775808, containers: [{name: a, image: b}]}}", "kind: [Pod]",
    ])
    func refusesWhatCannotBeStarted(text: String) {
        #expect(throws: HermesError.self) { try template(text) }
    }
}
