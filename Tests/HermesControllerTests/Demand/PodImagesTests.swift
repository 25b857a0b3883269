import HermesCore
import Testing

@testable import HermesController
@testable import HermesKubernetes

/// Against the API documentation of core/v1 Pod.
@Suite struct PodImagesTests {
    @Test func findsImagesOfAllKinds() {
        var pod = Samples.pod("a", ["app", "app", "side"], phase: "Pending")
        pod.spec.initContainers = [Pod.Container(name: "i", image: "init")]
        pod.spec.ephemeralContainers = [Pod.Container(name: "e", image: "debug")]
        pod.spec.volumes = [Pod.Volume(name: "v", image: .init(reference: "model")), Pod.Volume(name: "w")]
        pod.spec.containers.append(Pod.Container(name: "n"))
        pod.spec.containers.append(Pod.Container(name: "m", image: ""))
        pod.spec.containers.append(Pod.Container(name: "l", image: String(repeating: "a", count: 1025)))
        #expect(Set(pod.images.keys) == ["app", "side", "init", "debug", "model"])
        #expect(pod.images.values.allSatisfy { $0.isAwaited })
    }

    @Test func saysWhichContainerWaits() {
        var pod = Samples.pod("a", ["here", "absent"], phase: "Running", imageIDs: ["r/here@\(Samples.digest)", ""])
        pod.spec.volumes = [Pod.Volume(name: "v", image: .init(reference: "model"))]
        #expect(pod.images.filter { $0.value.isAwaited }.map(\.key) == ["absent"])
        pod.metadata.deletionTimestamp = Samples.time(0)
        #expect(!pod.images.values.contains { $0.isAwaited })
    }

    @Test func aContainerThatCrashesDoesNotWaitForItsImage() {
        var pod = Samples.pod("a", ["app"])
        pod.status?.containerStatuses = [
            Pod.ContainerStatus(
                name: "c0", imageID: "app@\(Samples.digest)", state: .init(waiting: .init(reason: "CrashLoopBackOff")))
        ]
        #expect(pod.images["app"]?.isAwaited == false)
    }

    @Test func aPodWithoutAnyStatusWaits() {
        #expect(Samples.pod("a", ["app"], phase: nil).images["app"]?.isAwaited == true)
        #expect(Samples.pod("a", ["app"], phase: "Unknown").images["app"]?.isAwaited == false)
    }

    @Test(arguments: [
        ("nginx:1", "docker.io/library/nginx@D", true), ("nginx:1", "docker-pullable://nginx@D", true),
        ("r.example:5000/a/b", "r.example:5000/a/b@D", true), ("r.example/a", "r.example/b@D", false),
        ("nginx:1", "docker://D", false), ("nginx:1", "D", false), ("nginx:1", "", false),
        ("nginx:1", "nginx@D0", false),
        ("nginx:1", "nginx:1", false), ("no image!", "nginx@D", false),
    ])
    func readsWhatANodeReports(_ image: String, _ imageID: String, _ isFound: Bool) throws {
        let text = imageID.replacing("D", with: Samples.digest)
        let digest = ImageID.digest(of: text, for: image)
        #expect(digest?.description == (isFound ? Samples.digest : nil))
    }

    @Test func aScopeIsOfItsNamespace() {
        let one = PullScope(Samples.pod("a", [], in: "one", secrets: ["y", "x", "y", ""]))
        let same = PullScope(Samples.pod("b", [], in: "one", account: "default", secrets: ["x", "y"]))
        let other = PullScope(Samples.pod("a", [], in: "two", secrets: ["x", "y"]))
        #expect(one == same)
        #expect(one.pullSecrets == ["x", "y"])
        #expect(one != other)
        #expect(one != PullScope(Samples.pod("a", [], in: "one", account: "robot", secrets: ["x", "y"])))
    }

    @Test func aNodeHasAPlatform() {
        #expect(Samples.node("a", "amd64").platform == Samples.amd64)
        #expect(Samples.node("a", "arm64").platform == Samples.arm64)
        #expect(Samples.node("a", "amd64", os: "windows").platform == nil)
        #expect(Samples.node("a", "").platform == nil)
        let labels = ["kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64"]
        #expect(Node(metadata: ObjectMeta(name: "a", labels: labels)).platform == Samples.arm64)
        #expect(Node(metadata: ObjectMeta(name: "a")).platform == nil)
    }
}
