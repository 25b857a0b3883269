import HermesBenchReport
import HermesHTTP
import HermesKubernetes
import HermesSupport

/// One start of a Pod in a cluster, from its creation to its last warm request.
struct ClusterStart: Sendable {
    let bench: ClusterBench
    let pool: NodePool
    let round: Int
    let name: String

    /// Milliseconds for which events are awaited that come later than what they are about.
    private static let eventPatience = 5000
    /// Milliseconds until both watches have to stand.
    private static let watchPatience = 60_000

    struct Result: Sendable {
        var start: BenchReport.Start
        /// The Pod's node as it was before the start; nil without one.
        var node: Node?
        /// Whether the node has the image now.
        var isImageThere: Bool
        /// By which digest the node knows the image; nil where it does not say.
        var imageID: String?
    }

    /// Starts the Pod and deletes it; a failure of it is a part of what is returned. `nodes` had the image before.
    /// Throws when the task is cancelled, and where no further start can do better: the Pod is refused, or does not
    /// end.
    func run(nodesWithImage nodes: Set<String>) async throws -> Result {
        let observer = PodObserver(name, bench.pods, logger: bench.logger)
        defer { observer.end() }
        var news = observer.news.makeAsyncIterator()
        try await open(&news)
        var machine = PodStartMachine(container: bench.options.template.container, begin: .now())
        var isAlwaysPulled = false
        var start = BenchReport.Start(round: round, isCold: false)
        var result: (node: Node?, clock: PhaseClock) = (nil, machine.clock)
        var hadImage: Bool?
        do {
            isAlwaysPulled = try await create()
            while machine.state == .running {
                try await step(&news, &machine)
                if result.node == nil, let name = machine.node {
                    let node = try await bench.client.get(Node.self, ResourcePath.nodes.object(name))
                    hadImage = ColdImage.has(
                        bench.options.template.image, on: node, isKnown: nodes.contains(name))
                    result.node = node
                }
                guard machine.state != .running || !isLate(machine) else { throw Late(reason: machine.lateness) }
            }
            if case .failed(let reason) = machine.state { throw HermesError(.system, reason) }
            var answered: Monotonic?
            if let request = bench.options.request { answered = try await ask(request, machine, &start) }
            try await settle(&news, &machine)
            result.clock = machine.clock
            if let answered { result.clock.end(.request, at: answered) }
        } catch {
            try Task.checkCancellation()
            if let refusal = error as? Refusal { throw refusal.reason }
            result.clock = machine.clock
            start.outcome = error is Late || isLate(machine) ? .timedOut : .failed
            start.error = "\(error)".printable(500)
        }
        start.phases = result.clock.phases
        let image = ColdImage(isAlwaysPulled: isAlwaysPulled, nodeHadImage: hadImage)
        start.isCold = image.isCold(machine)
        try await bench.pods.remove(name)
        return Result(
            start: start, node: result.node, isImageThere: machine.isImageThere, imageID: machine.imageID)
    }

    /// The API server does not take the Pod, and will not take the next one either.
    private struct Refusal: Error {
        let reason: HermesError
    }

    private struct Late: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }

    private func isLate(_ machine: PodStartMachine) -> Bool {
        Monotonic.now() >= machine.begin.adding(milliseconds: bench.options.timeout * 1000)
    }

    private func open(_ news: inout AsyncStream<PodObserver.News>.Iterator) async throws {
        let deadline = Monotonic.now().adding(milliseconds: Self.watchPatience)
        var open = 0
        while open < PodObserver.watches {
            if case .open = try await next(&news) { open += 1 }
            guard Monotonic.now() < deadline else {
                throw HermesError(
                    .unavailable, "Pods and events of \(bench.pods.namespace) could not be watched in a minute")
            }
        }
    }

    /// Makes the Pod. Returns whether its node asks the registry even for an image that it has.
    private func create() async throws -> Bool {
        let template = bench.options.template
        let pod = template.pod(name: name, on: pool, labels: [BenchPods.label: bench.identity])
        do {
            let made = try await bench.client.create(pod, bench.pods.path, as: Pod.self)
            return made.spec.containers.first { $0.name == template.container }?.imagePullPolicy == "Always"
        } catch let error as HermesError where error.code != .unavailable {
            throw Refusal(reason: error)
        }
    }

    private func next(_ news: inout AsyncStream<PodObserver.News>.Iterator) async throws -> PodObserver.News {
        guard let next = await news.next() else { throw CancellationError() }
        return next
    }

    private func step(
        _ news: inout AsyncStream<PodObserver.News>.Iterator, _ machine: inout PodStartMachine
    ) async throws {
        switch try await next(&news) {
        case .open, .tick: break
        case .pod(let pod, let now): machine.observe(pod, at: now)
        case .event(let event, let now): machine.observe(event, at: now)
        }
    }

    /// Waits a moment for events that are not here yet.
    private func settle(
        _ news: inout AsyncStream<PodObserver.News>.Iterator, _ machine: inout PodStartMachine
    ) async throws {
        let deadline = Monotonic.now().adding(milliseconds: Self.eventPatience)
        while !machine.isWhole, Monotonic.now() < deadline { try await step(&news, &machine) }
    }

    /// Sends the first request, and then the others. Returns when the first was answered.
    private func ask(
        _ request: PodRequest, _ machine: PodStartMachine, _ start: inout BenchReport.Start
    ) async throws -> Monotonic {
        guard let address = machine.address else {
            throw HermesError(.protocolViolation, "the Pod is Ready and has no address")
        }
        let request = try request.request(to: address)
        let before = Monotonic.now()
        let first = try await send(request, machine)
        let answered = Monotonic.now()
        let passed = before.milliseconds(since: machine.begin) / 1000
        start.firstByteSeconds = passed + first.head
        start.firstTokenSeconds = passed + first.piece
        let warm = bench.options.warmRequests
        while warm.goesOn(after: start.warmSeconds.count, since: answered, at: .now()) {
            guard !isLate(machine) else { throw Late(reason: "the requests were not over") }
            start.warmSeconds.append(try await send(request, machine).whole)
        }
        return answered
    }

    private func send(_ request: WorkloadRequest, _ machine: PodStartMachine) async throws -> WorkloadRequest.Timing {
        let passed = Int(Monotonic.now().milliseconds(since: machine.begin) / 1000)
        let (http, seconds) = (bench.http, bench.options.timeout - passed)
        return try await withTaskCancellationHandler {
            try await BlockingWork().run { try request.send(by: http, seconds: seconds) }
        } onCancel: {
            // The bench is over, and the thread must not wait for an answer.
            http.close()
        }
    }
}
