import HermesKubernetes
import HermesSupport
import Testing

@testable import HermesBench

/// Against the life cycle of Pods as Kubernetes documents it (concepts/workloads/pods/pod-lifecycle) and its kubelet
/// reports it.
@Suite struct PodStartMachineTests {
    private static let begin = Monotonic.now()

    private static func at(_ milliseconds: Int) -> Monotonic { begin.adding(milliseconds: milliseconds) }

    private func machine() -> PodStartMachine { PodStartMachine(container: "main", begin: Self.begin) }

    /// A Pod as the API server writes it: what is given, beside a specification.
    private func pod(_ node: String? = "n1", _ status: String = "{}", meta: String = "") throws -> Pod {
        let name = node.map { "\"nodeName\":\"\($0)\"," } ?? ""
        let text = """
            {"metadata":{"name":"p"\(meta)},"spec":{\(name)"containers":[{"name":"main"},{"name":"side"}]},"status":\(status)}
            """
        return try JSON.decode(Pod.self, from: Array(text.utf8), name: "pod")
    }

    private func event(_ reason: String, of container: String = "main") -> ReportedEvent {
        ReportedEvent(
            metadata: ObjectMeta(name: "e"), involvedObject: .init(fieldPath: "spec.containers{\(container)}"),
            reason: reason)
    }

    private static let unschedulable = """
        {"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available"}]}
        """
    private static let running = """
        {"podIP":"10.0.0.7","containerStatuses":[{"name":"main","imageID":"r@sha256:1","state":{"running":{}}}]}
        """
    private static let ready = """
        {"podIP":"10.0.0.7","conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"main","state":{"running":{}}}]}
        """
    private static func waiting(_ reason: String) -> String {
        "{\"containerStatuses\":[{\"name\":\"main\",\"state\":{\"waiting\":{\"reason\":\"\(reason)\",\"message\":\"why\"}}}]}"
    }

    private func ends(_ machine: PodStartMachine) -> [String] {
        machine.clock.phases.map { "\($0.name.rawValue) \(Int((($0.start + $0.seconds) * 1000).rounded()))" }
    }

    @Test func givesEachPhaseItsEnd() throws {
        var machine = machine()
        machine.observe(try pod(nil), at: Self.at(5))
        machine.observe(try pod(), at: Self.at(10))
        machine.observe(event("Pulling"), at: Self.at(100))
        machine.observe(event("Pulled"), at: Self.at(900))
        machine.observe(event("Created"), at: Self.at(950))
        machine.observe(event("Started"), at: Self.at(990))
        #expect(machine.state == .running)
        machine.observe(try pod("n1", Self.running), at: Self.at(1500))
        machine.observe(try pod("n1", Self.ready), at: Self.at(2000))
        #expect(machine.state == .ready && machine.isWhole)
        #expect(machine.node == "n1" && machine.address == "10.0.0.7" && machine.imageID == "r@sha256:1")
        #expect(machine.hasPulled && machine.isImageThere && !machine.wasImagePresent)
        #expect(ends(machine) == ["schedule 10", "pull 900", "create 950", "start 990", "ready 2000"])
    }

    @Test func anEventThatIsLateIsNoLaterThanTheNextStep() throws {
        var machine = machine()
        machine.observe(try pod(), at: Self.at(10))
        machine.observe(try pod("n1", Self.ready), at: Self.at(700))
        #expect(ends(machine) == ["schedule 10", "start 700", "ready 700"])
        #expect(!machine.isWhole)
        // The node started the container from an image that it had, and the events come last.
        machine.observe(event("Pulled"), at: Self.at(800))
        machine.observe(event("Created"), at: Self.at(810))
        #expect(machine.isWhole && machine.wasImagePresent)
        #expect(ends(machine) == ["schedule 10", "pull 700", "create 700", "start 700", "ready 700"])
    }

    @Test func theFirstNewsCount() throws {
        var machine = machine()
        machine.observe(try pod(), at: Self.at(10))
        machine.observe(event("Pulled"), at: Self.at(20))
        machine.observe(event("Pulled"), at: Self.at(30))
        machine.observe(try pod("n1", Self.running), at: Self.at(40))
        machine.observe(event("Started"), at: Self.at(50))
        #expect(ends(machine) == ["schedule 10", "pull 20", "start 40"])
    }

    @Test func otherContainersDoNotCount() throws {
        var machine = machine()
        machine.observe(try pod(), at: Self.at(10))
        for reason in ["Pulling", "Pulled", "Created", "Started"] {
            machine.observe(event(reason, of: "side"), at: Self.at(20))
        }
        #expect(ends(machine) == ["schedule 10"])
        #expect(!machine.hasPulled)
    }

    @Test func theTimeToMakeANodeIsNoPart() throws {
        var machine = machine()
        machine.observe(try pod(nil, Self.unschedulable), at: Self.at(10))
        #expect(machine.lateness == "no node took the Pod: Unschedulable: 0/1 nodes are available")
        machine.observe(try pod(), at: Self.at(60_000))
        machine.observe(event("Pulled"), at: Self.at(61_000))
        #expect(machine.begin == Self.at(60_000))
        #expect(ends(machine) == ["pull 1000"])
    }

    @Test func saysWhyItIsLate() throws {
        var machine = machine()
        #expect(machine.lateness == "no node took the Pod: the scheduler did not say why")
        machine.observe(try pod(), at: Self.at(10))
        #expect(machine.lateness == "the Pod was not Ready: the node did not say why")
        machine.observe(try pod("n1", Self.waiting("ContainerCreating")), at: Self.at(20))
        #expect(machine.lateness == "the Pod was not Ready: ContainerCreating: why")
        machine.observe(try pod("n1", Self.running), at: Self.at(30))
        #expect(machine.lateness == "the Pod was not Ready: its containers run, and it is not Ready")
        #expect(machine.state == .running)
    }

    @Test(arguments: [
        (waiting("ErrImagePull"), "the container main waits: ErrImagePull: why"),
        (waiting("CrashLoopBackOff"), "the container main waits: CrashLoopBackOff: why"),
        (
            #"{"initContainerStatuses":[{"name":"init","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}"#,
            "the container init waits: ImagePullBackOff"
        ),
        (
            #"{"containerStatuses":[{"name":"main","state":{"terminated":{"exitCode":3}}}]}"#,
            "the container main ended with code 3 before the Pod was Ready"
        ),
        (
            #"{"containerStatuses":[{"name":"main","state":{"running":{}},"lastState":{"terminated":{"exitCode":137}}}]}"#,
            "the container main ended with code 137 before the Pod was Ready"
        ),
        (#"{"phase":"Failed","reason":"Evicted","message":"no\nroom"}"#, "the Pod failed: Evicted: no?room"),
        (#"{"phase":"Succeeded"}"#, "the Pod ended before it was Ready"),
    ])
    func knowsThatItWillNotGetReady(status: String, reason: String) throws {
        var machine = machine()
        machine.observe(try pod("n1", status), at: Self.at(10))
        #expect(machine.state == .failed(reason))
        // What comes later does not change it.
        machine.observe(try pod("n1", Self.ready), at: Self.at(20))
        #expect(machine.state == .failed(reason))
    }

    @Test func knowsThatThePodIsDeleted() throws {
        var machine = machine()
        // The watch begins before the Pod.
        machine.observe(nil, at: Self.at(1))
        #expect(machine.state == .running)
        machine.observe(try pod(nil), at: Self.at(2))
        machine.observe(nil, at: Self.at(3))
        #expect(machine.state == .failed("the Pod was deleted"))
        machine = self.machine()
        machine.observe(try pod(meta: #","deletionTimestamp":"2026-01-01T00:00:00Z""#), at: Self.at(3))
        #expect(machine.state == .failed("the Pod is being deleted"))
    }
}
