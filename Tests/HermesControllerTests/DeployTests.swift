import HermesSupport
import HermesTestKit
import Testing

@testable import HermesController
@testable import HermesKubernetes

/// The files in deploy/, against the types of the code and the rights that the controller needs.
@Suite struct DeployTests {
    /// The documents of a file in deploy/.
    private static func documents(_ name: String, file: String = #filePath) throws -> [YAML] {
        let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try LocalFile.read("/\(root)/deploy/\(name)", limit: 1 << 20)
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n---\n")
            .map { try YAML.parse(Array($0.utf8), name: name) }
    }

    private static func document(_ kind: String) throws -> YAML {
        let document = try documents("hermes-controller.yaml").first { try $0.member("kind").string() == kind }
        return try #require(document)
    }

    private static func schema() throws -> YAML {
        let crd = try #require(try documents("hermespolicy-crd.yaml").first)
        let versions = try crd.member("spec").member("versions").list()
        let version = try #require(versions.first)
        #expect(versions.count == 1)
        #expect(try version.member("name").string() == "v1alpha1")
        return try version.member("schema").member("openAPIV3Schema").member("properties")
    }

    /// A policy with a value in each field.
    private static let policy: HermesPolicy = {
        let selector = LabelSelector(
            matchLabels: ["a": "b"], matchExpressions: [.init(key: "a", operator: "In", values: ["b"])])
        let condition = Condition(
            type: "Ready", status: .isTrue, observedGeneration: 1, lastTransitionTime: Samples.time(0), reason: "A",
            message: "a")
        let image = HermesPolicy.Image(
            imageDigestRef: "a", platform: "b", phase: .failed, lastBuildTime: Samples.time(0), error: "c")
        return HermesPolicy(
            metadata: ObjectMeta(name: "p"),
            spec: HermesPolicy.Spec(
                paused: true, imageSelectors: [.init(imageRegex: "a")], platforms: ["linux/amd64"],
                namespaceSelector: selector, podSelector: selector),
            status: HermesPolicy.Status(
                observedGeneration: 1, ready: 1, building: 1, failed: 1, images: [image], conditions: [condition]))
    }()

    @Test func theSchemaHasTheFieldsOfTheTypes() throws {
        let status = try #require(Self.policy.status)
        #expect(SchemaFields.gaps(in: Self.policy.spec) + SchemaFields.gaps(in: status) == [])
        for (name, bytes) in [("spec", try JSON.encode(Self.policy.spec)), ("status", try JSON.encode(status))] {
            let schema = try SchemaFields(schema: Self.schema().member(name))
            let value = try SchemaFields(value: YAML.parse(bytes, name: name), like: schema)
            #expect(schema == value)
        }
    }

    @Test func theSchemaHasTheLimitsOfTheCode() throws {
        let spec = try Self.schema().member("spec").member("properties")
        let status = try Self.schema().member("status").member("properties")
        let selectors = try spec.member("imageSelectors")
        #expect(try selectors.member("maxItems").integer() == Int64(CompiledPolicy.selectorLimit))
        let expression = try selectors.member("items").member("properties").member("imageRegex")
        // A character has 4 bytes at most.
        #expect(try expression.member("maxLength").integer() * 4 <= CompiledPolicy.expressionLimit)
        #expect(try spec.member("platforms").member("maxItems").integer() == Int64(CompiledPolicy.platformLimit))
        let images = try status.member("images")
        #expect(try images.member("maxItems").integer() == Int64(PolicyStatus.imageLimit))
        let image = try images.member("items").member("properties")
        #expect(try image.member("error").member("maxLength").integer() == Int64(PolicyStatus.errorLimit))
        let phases = try image.member("phase").member("enum").list().map { try $0.string() }
        #expect(Set(phases) == Set(HermesPolicy.Image.Phase.allCases.map(\.rawValue)))
        let conditions = try status.member("conditions")
        #expect(try conditions.member("x-kubernetes-list-map-keys").list().map { try $0.string() } == ["type"])
        let message = try conditions.member("items").member("properties").member("message")
        #expect(try message.member("maxLength").integer() >= PolicyStatus.messageLimit)
    }

    @Test func theKindIsThatOfTheGoController() throws {
        let crd = try #require(try Self.documents("hermespolicy-crd.yaml").first)
        #expect(try crd.member("metadata").member("name").string() == "hermespolicies.hermes.cloudpilot.ai")
        let spec = try crd.member("spec")
        #expect(try spec.member("group").string() == "hermes.cloudpilot.ai")
        #expect(try spec.member("scope").string() == "Cluster")
        #expect(try spec.member("names").member("kind").string() == "HermesPolicy")
        #expect(try spec.member("names").member("shortNames").list().map { try $0.string() } == ["hp"])
        let version = try #require(try spec.member("versions").list().first)
        #expect(try version.member("subresources").optional("status") != nil)
        #expect(
            try version.member("additionalPrinterColumns").list().map { try $0.member("name").string() }
                == ["Paused", "Images", "Ready", "Building", "Failed", "Age"])
    }

    @Test func reviewsOfTokensNeedOneRightMore() throws {
        let documents = try Self.documents("hermes-controller-token-review.yaml")
        let roles = try documents.filter { try $0.member("kind").string() == "ClusterRole" }
        let rules = try roles.flatMap { try $0.member("rules").list() }
        #expect(rules.count == 1)
        for (member, expected) in [
            ("apiGroups", "authentication.k8s.io"), ("resources", "tokenreviews"), ("verbs", "create"),
        ] {
            #expect(try rules.first?.member(member).list().map { try $0.string() } == [expected])
        }
        let binding = try #require(try documents.first { try $0.member("kind").string() == "ClusterRoleBinding" })
        let subjects = try binding.member("subjects").list()
        #expect(try subjects.map { try $0.member("name").string() } == ["hermes-controller"])
        #expect(try subjects.map { try $0.member("namespace").string() } == ["hermes-system"])
    }

    @Test func theControllerHasTheLeastRights() throws {
        func rights(_ kind: String) throws -> Set<String> {
            var rights: Set<String> = []
            for rule in try Self.document(kind).member("rules").list() {
                for group in try rule.member("apiGroups").list() {
                    for resource in try rule.member("resources").list() {
                        for verb in try rule.member("verbs").list() {
                            rights.insert("\(try verb.string()) \(try group.string())/\(try resource.string())")
                        }
                    }
                }
            }
            return rights
        }
        var expected = Set(
            [
                "get /secrets", "get /serviceaccounts", "create /events", "patch /events",
                "patch hermes.cloudpilot.ai/hermespolicies/status",
            ])
        for resource in ["/pods", "/nodes", "/namespaces", "hermes.cloudpilot.ai/hermespolicies"] {
            for verb in ["list", "watch"] { expected.insert("\(verb) \(resource)") }
        }
        #expect(try rights("ClusterRole") == expected)
        let lease = "coordination.k8s.io/leases"
        #expect(try rights("Role") == ["get \(lease)", "create \(lease)", "patch \(lease)"])
    }

    @Test func theContainerIsConfined() throws {
        let deployment = try Self.document("Deployment").member("spec")
        #expect(try deployment.member("strategy").member("type").string() == "Recreate")
        #expect(try deployment.member("replicas").integer() == 1)
        let pod = try deployment.member("template").member("spec")
        #expect(try pod.member("securityContext").member("runAsNonRoot").bool())
        #expect(try pod.member("securityContext").member("seccompProfile").member("type").string() == "RuntimeDefault")
        let container = try #require(try pod.member("containers").list().first)
        let context = try container.member("securityContext")
        #expect(try context.member("readOnlyRootFilesystem").bool())
        #expect(try !context.member("allowPrivilegeEscalation").bool())
        #expect(try context.member("capabilities").member("drop").list().map { try $0.string() } == ["ALL"])
        #expect(
            try container.member("args").list().map { try $0.string() }
                == ["controller", "--listen", ":39091", "--data", "/data/hermes"])
        for (probe, path) in [("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")] {
            #expect(try container.member(probe).member("httpGet").member("path").string() == path)
        }
        let port = try #require(try Self.document("Service").member("spec").member("ports").list().first)
        #expect(try port.member("port").integer() == 39091)
        #expect(try port.member("nodePort").integer() == 30080)
    }

    @Test func everyObjectOfANamespaceIsInTheControllersOwn() throws {
        for document in try Self.documents("hermes-controller.yaml") {
            let metadata = try document.member("metadata")
            switch try document.member("kind").string() {
            case "Namespace": #expect(try metadata.member("name").string() == "hermes-system")
            case "ClusterRole", "ClusterRoleBinding": #expect(try metadata.optional("namespace") == nil)
            default: #expect(try metadata.member("namespace").string() == "hermes-system")
            }
        }
    }
}
