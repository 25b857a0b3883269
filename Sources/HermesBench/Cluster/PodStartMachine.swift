import HermesBenchReport
import HermesKubernetes
import HermesSupport

/// What is known of the start of a Pod: a pure state machine, which is told what watches bring and when that arrived
/// here.
///
/// The time of a step is when its news first arrived, by this machine's clock. The time stamps of Kubernetes are whole
/// seconds of other machines' clocks, and are not used.
struct PodStartMachine: Sendable {
    enum State: Sendable, Equatable {
        case running
        case ready
        case failed(String)
    }

    /// The container whose start is measured.
    private let container: String
    /// When the Pod was asked for; when it got its node where it had to wait for one.
    private(set) var begin: Monotonic
    private(set) var state = State.running
    /// The node of the Pod; nil until it has one.
    private(set) var node: String?
    /// The Pod's address; nil until it has one.
    private(set) var address: String?
    /// By which digest the node knows the image; nil until that is known.
    private(set) var imageID: String?
    /// Whether the node asked a registry for the image.
    private(set) var hasPulled = false
    /// When each phase ended, as far as that is known.
    private var ends: [BenchReport.Phase.Name: Monotonic] = [:]
    private var hasSeenPod = false
    /// Whether no node could take the Pod for a while.
    private var hasWaited = false
    /// Why the Pod is not further, in words.
    private var delay: String?

    private static let order: [BenchReport.Phase.Name] = [.schedule, .pull, .create, .start, .ready]
    /// Why a container ordinarily waits.
    private static let ordinaryReasons = ["ContainerCreating", "PodInitializing"]

    init(container: String, begin: Monotonic) {
        self.container = container
        self.begin = begin
    }

    /// Whether the image is on the node, and whether it was before: known when the Pulled event arrived.
    var isImageThere: Bool { ends[.pull] != nil }
    var wasImagePresent: Bool { isImageThere && !hasPulled }

    /// Whether the events of all phases arrived.
    var isWhole: Bool { [.pull, .create, .start].allSatisfy { ends[$0] != nil } }

    /// Why the start is late, for a start that timed out.
    var lateness: String {
        if node == nil { return "no node took the Pod: \(delay ?? "the scheduler did not say why")" }
        return "the Pod was not Ready: \(delay ?? "the node did not say why")"
    }

    /// The phases up to now. News may overtake each other: a step is no later than the next one that is known.
    var clock: PhaseClock {
        var latest: Monotonic?
        var known: [(BenchReport.Phase.Name, Monotonic)] = []
        for name in Self.order.reversed() {
            guard let end = ends[name] else { continue }
            let bounded = min(end, latest ?? end)
            known.append((name, bounded))
            latest = bounded
        }
        var clock = PhaseClock(at: begin)
        for (name, end) in known.reversed() { clock.end(name, at: end) }
        return clock
    }

    /// The Pod changed; nil when it is gone.
    mutating func observe(_ pod: Pod?, at now: Monotonic) {
        guard state == .running else { return }
        guard let pod else {
            if hasSeenPod { state = .failed("the Pod was deleted") }
            return
        }
        hasSeenPod = true
        schedule(pod, at: now)
        address = pod.status?.podIP ?? address
        let statuses = pod.status?.containerStatuses ?? []
        if let status = statuses.first(where: { $0.name == container }) {
            if status.state?.running != nil || status.state?.terminated != nil { mark(.start, now) }
            if let image = status.imageID, !image.isEmpty { imageID = image }
        }
        if pod.condition("Ready")?.status == "True" {
            mark(.ready, now)
            state = .ready
        } else if let failure = failure(pod) {
            state = .failed(failure)
        }
    }

    /// A component reported an event of the Pod.
    mutating func observe(_ event: ReportedEvent, at now: Monotonic) {
        guard event.involvedObject.fieldPath == "spec.containers{\(container)}" else { return }
        switch event.reason {
        case "Pulling": hasPulled = true
        case "Pulled": mark(.pull, now)
        case "Created": mark(.create, now)
        case "Started": mark(.start, now)
        default: break
        }
    }

    private mutating func mark(_ name: BenchReport.Phase.Name, _ now: Monotonic) { ends[name] = ends[name] ?? now }

    private mutating func schedule(_ pod: Pod, at now: Monotonic) {
        guard node == nil else { return }
        if let name = pod.spec.nodeName, !name.isEmpty {
            node = name
            delay = nil
            // The time to make a node is not a part of the start.
            if hasWaited { begin = now } else { mark(.schedule, now) }
        } else if let condition = pod.condition("PodScheduled"), condition.status == "False" {
            hasWaited = true
            delay = Self.words(condition.reason, condition.message)
        }
    }

    /// Why the Pod will not get Ready by itself; nil while it may.
    private mutating func failure(_ pod: Pod) -> String? {
        guard let status = pod.status else { return nil }
        if pod.metadata.deletionTimestamp != nil { return "the Pod is being deleted" }
        for part in (status.initContainerStatuses ?? []) + (status.containerStatuses ?? []) {
            let name = part.name.printable(63)
            if let waiting = part.state?.waiting, let reason = waiting.reason {
                let words = Self.words(reason, waiting.message)
                guard Self.ordinaryReasons.contains(reason) else { return "the container \(name) waits: \(words)" }
                delay = words
            }
            guard part.name == container else { continue }
            if let ended = part.state?.terminated ?? part.lastState?.terminated {
                return "the container \(name) ended with code \(ended.exitCode ?? 0) before the Pod was Ready"
            }
            if part.state?.running != nil { delay = "its containers run, and it is not Ready" }
        }
        return switch status.phase {
        case "Failed": "the Pod failed: \(Self.words(status.reason, status.message))"
        case "Succeeded": "the Pod ended before it was Ready"
        default: nil
        }
    }

    private static func words(_ reason: String?, _ message: String?) -> String {
        let words = [reason, message].compactMap { $0 }.filter { !$0.isEmpty }
        return words.isEmpty ? "there is no reason given" : words.joined(separator: ": ").printable(400)
    }
}

extension Pod {
    fileprivate func condition(_ type: String) -> Condition? { status?.conditions?.first { $0.type == type } }
}
