import Glibc
import HermesBenchReport
import HermesContainerd
import HermesCore
import HermesSupport

/// One start of the workload on a node, from the image's name to the last warm request.
struct NodeStart {
    private let bench: NodeBench
    private let snapshotter: String
    private let round: Int
    private let isCold: Bool
    /// Records the reads up to the end of the phases.
    private let recording: StartRecording?

    /// Milliseconds between two looks whether the workload is ready.
    private static let pause: Int64 = 2
    /// Milliseconds between two looks, between requests, whether the node has the whole image.
    private static let look = 100
    /// Seconds that it is waited for the whole image.
    private static let patience = 3600

    init(
        _ bench: NodeBench, on snapshotter: String, round: Int, isCold: Bool, recording: StartRecording? = nil
    ) {
        self.bench = bench
        self.snapshotter = snapshotter
        self.round = round
        self.isCold = isCold
        self.recording = recording
    }

    /// The lease and the container's name.
    private var name: String { "\(bench.identity)-\(round)-\(isCold ? "cold" : "warm")" }

    /// Starts the workload and takes it away again; a failure of it is part of what is returned. Throws `interrupted`.
    func run() throws -> BenchReport.Start {
        var start = BenchReport.Start(round: round, isCold: isCold)
        let output = try ContainerOutput(lookingFor: expression)
        defer { output.close() }
        let container = BenchContainer(name, on: snapshotter, containerd: bench.containerd)
        let cost = StartCost(bench, snapshotter)
        var clock = PhaseClock()
        let deadline = clock.begin.adding(milliseconds: bench.options.timeout * 1000)
        do {
            defer { start.phases = clock.phases }
            try bring(container, output, &clock, cost)
            try follow(container, output, &clock, until: deadline)
            if let request = bench.options.request {
                try ask(request, &clock, &start, until: deadline)
            }
            start.transfer = cost.transfer()
            guard !isCold || start.transfer?.networkBytes != 0 else {
                throw HermesError(.system, "it was not cold: nothing of the image was fetched")
            }
            // The making of the record is a part of neither the cost nor the requests.
            recording?.end()
            start.reads = recording?.reads(since: clock.begin, until: clock.end) ?? []
            if let request = bench.options.request {
                try askAgain(request, clock, cost, &start, until: deadline)
            }
        } catch let error as HermesError where error.code == .interrupted {
            container.remove()
            throw error
        } catch {
            start.outcome = Monotonic.now() < deadline ? .failed : .timedOut
            start.error = "\(error)".printable(500)
            start.transfer = nil
            start.reads = []
            start.completeSeconds = nil
        }
        if start.outcome == .complete, start.completeSeconds == nil { start.completeSeconds = try whole(clock, cost) }
        container.remove()
        try? bench.containerd.deleteLease(name, isWaited: false)
        return start
    }

    private var expression: RegularExpression? {
        if case .log(let expression, _) = bench.options.readiness { expression } else { nil }
    }

    /// Brings the image, if it is not here, and makes the container.
    private func bring(
        _ container: BenchContainer, _ output: ContainerOutput, _ clock: inout PhaseClock, _ cost: StartCost
    ) throws {
        try bench.containerd.createLease(name, expiry: Timestamp.tomorrow)
        if isCold {
            try bench.pull(on: snapshotter, lease: name, &clock, cost)
        }
        try container.create(bench.image, bench.process, output: output, lease: name)
        clock.end(.create)
        try container.start()
        clock.end(.start)
    }

    /// Waits until the workload is ready.
    private func follow(
        _ container: BenchContainer, _ output: ContainerOutput, _ clock: inout PhaseClock, until deadline: Monotonic
    ) throws {
        while true {
            try check(deadline)
            let code = try container.exitCode
            // Asked after the end: what the process wrote came before.
            let marks = output.marks
            let now = Monotonic.now()
            if let ready = try readiness(code, marks.matched, output, now) {
                if let first = marks.first { clock.end(.output, at: min(first, ready)) }
                return clock.end(.ready, at: ready)
            }
            _ = container.waitForEnd(milliseconds: Self.pause)
        }
    }

    /// When the workload became ready; nil where it is not. Throws where it never will be.
    private func readiness(
        _ code: Int?, _ matched: Monotonic?, _ output: ContainerOutput, _ now: Monotonic
    ) throws -> Monotonic? {
        switch bench.options.readiness {
        case .exit:
            guard let code else { return nil }
            guard code == 0 else { throw ended(code, output) }
            return now
        case .log:
            if let matched { return matched }
        case .http(let url):
            if (try? WorkloadRequest(url: url).send(by: bench.http, seconds: 5)) != nil { return .now() }
        }
        if let code { throw ended(code, output) }
        return nil
    }

    private func ended(_ code: Int, _ output: ContainerOutput) -> HermesError {
        let line = output.lastLine.map { "; it wrote last: \($0)" } ?? ""
        return HermesError(.system, "the workload ended with code \(code)\(line)")
    }

    /// Sends the first request.
    private func ask(
        _ request: WorkloadRequest, _ clock: inout PhaseClock, _ start: inout BenchReport.Start,
        until deadline: Monotonic
    ) throws {
        let before = clock.seconds()
        let first = try request.send(by: bench.http, seconds: Self.seconds(until: deadline))
        clock.end(.request)
        start.firstByteSeconds = before + first.head
        start.firstTokenSeconds = before + first.piece
    }

    /// Sends the requests after the first, one after the other from this thread, and looks in between whether the node has the whole
    /// image: it may come long before they are over.
    private func askAgain(
        _ request: WorkloadRequest, _ clock: PhaseClock, _ cost: StartCost, _ start: inout BenchReport.Start,
        until deadline: Monotonic
    ) throws {
        let (warm, begin) = (bench.options.warmRequests, Monotonic.now())
        var looked = begin
        while warm.goesOn(after: start.warmSeconds.count, since: begin, at: .now()) {
            try check(deadline)
            let timing = try request.send(by: bench.http, seconds: Self.seconds(until: deadline))
            start.warmSeconds.append(timing.whole)
            guard isCold, bench.options.waitsForWhole, cost.present > 0, start.completeSeconds == nil,
                Monotonic.now() >= looked.adding(milliseconds: Self.look)
            else { continue }
            if try bench.observe(snapshotter, bench.image.descriptor.digest)?.isComplete ?? false {
                start.completeSeconds = clock.seconds()
            }
            looked = .now()
        }
    }

    private static func seconds(until deadline: Monotonic) -> Int {
        Int(deadline.milliseconds(since: .now()) / 1000)
    }

    private func check(_ deadline: Monotonic) throws {
        guard !bench.isStopped() else { throw HermesError(.interrupted, "the bench was stopped") }
        guard Monotonic.now() < deadline else {
            throw HermesError(.unavailable, "it was not over after \(bench.options.timeout) s")
        }
    }

    /// Seconds until the node had the whole image; nil where that is not asked for, or did not come.
    private func whole(_ clock: PhaseClock, _ cost: StartCost) throws -> Double? {
        guard isCold, bench.options.waitsForWhole else { return nil }
        guard cost.present > 0 else { return clock.phases.first { $0.name == .pull }.map { $0.start + $0.seconds } }
        let deadline = Monotonic.now().adding(milliseconds: Self.patience * 1000)
        while Monotonic.now() < deadline {
            guard !bench.isStopped() else { throw HermesError(.interrupted, "the bench was stopped") }
            guard let state = try bench.observe(snapshotter, bench.image.descriptor.digest) else { return nil }
            if state.isComplete { return clock.seconds() }
            usleep(20_000)
        }
        return nil
    }
}
