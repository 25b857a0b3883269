import HermesBenchReport
import HermesContainerd
import HermesSupport

/// One cold start that reads a part of the image: from the image's name until the last byte is read.
struct SweepStart {
    private let bench: NodeBench
    private let snapshotter: String
    /// The lease and the snapshot.
    private let name: String

    /// `name` is that of no other start of this bench that is under way.
    init(_ bench: NodeBench, on snapshotter: String, name: String) {
        self.bench = bench
        self.snapshotter = snapshotter
        self.name = "\(bench.identity)-\(name)"
    }

    /// Reads `files` and takes the image away again; a failure is part of what is returned. The phases are `resolve`, `pull`, `create`
    /// (the snapshot is made and mounted) and `ready` (the files are read). Throws `interrupted`.
    func read(_ files: [ReadPlan.File], round: Int) throws -> BenchReport.Start {
        var start = BenchReport.Start(round: round, isCold: true)
        let cost = StartCost(bench, snapshotter)
        var clock = PhaseClock()
        let deadline = clock.begin.adding(milliseconds: bench.options.timeout * 1000)
        let (isStopped, timeout) = (bench.isStopped, bench.options.timeout)
        do {
            defer { start.phases = clock.phases }
            try withRoot(&clock, cost) { root, clock in
                try ShareReader.read(files, of: root) {
                    guard !isStopped() else { throw HermesError(.interrupted, "the bench was stopped") }
                    guard Monotonic.now() < deadline else {
                        throw HermesError(.unavailable, "it was not over after \(timeout) s")
                    }
                }
                clock.end(.ready)
                start.transfer = cost.transfer()
            }
            guard start.transfer?.networkBytes != 0 else {
                throw HermesError(.system, "it was not cold: nothing of the image was fetched")
            }
        } catch let error as HermesError where error.code == .interrupted {
            throw error
        } catch {
            start.outcome = Monotonic.now() < deadline ? .failed : .timedOut
            start.error = "\(error)".printable(500)
            start.transfer = nil
        }
        return start
    }

    /// Lists the files of the image.
    func plan() throws -> ReadPlan {
        var clock = PhaseClock()
        return try withRoot(&clock, StartCost(bench, snapshotter)) { root, _ in try ReadPlan(ImageFiles.all(in: root)) }
    }

    /// Brings the image, and calls `body` with the root of its file system, as a container on it sees it.
    private func withRoot<Result>(
        _ clock: inout PhaseClock, _ cost: StartCost, _ body: (OpenFile, inout PhaseClock) throws -> Result
    ) throws -> Result {
        let (containerd, image) = (bench.containerd, bench.image)
        try containerd.createLease(name, expiry: Timestamp.tomorrow)
        defer {
            try? containerd.removeSnapshot(name, of: snapshotter)
            try? containerd.deleteLease(name, isWaited: false)
        }
        try bench.pull(on: snapshotter, lease: name, &clock, cost)
        let root: OpenFile
        do {
            let mounts = try containerd.prepareSnapshot(
                name, parent: image.chainIDs.last.map { "\($0)" } ?? "", of: snapshotter, lease: name)
            root = try TemporaryMount(mounts).detach()
        } catch {
            throw HermesError("cannot mount a snapshot of \(image.reference)", cause: error)
        }
        clock.end(.create)
        return try body(root, &clock)
    }
}
