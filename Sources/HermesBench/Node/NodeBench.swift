import Glibc
import HermesBenchReport
import HermesContainerd
import HermesCore
import HermesHTTP
import HermesSupport

/// Measures cold and warm starts of a workload on this node's containerd, with each of several snapshotters in turn.
///
/// Everything is done over containerd's API, in a namespace of its own, so that no other image or container is touched. Runs on
/// one thread that may block.
package final class NodeBench {
    let options: Options
    let containerd: ContainerdClient
    let image: Image
    let open: () throws -> (any ImageSource, Platform)
    let process: BenchContainer.Process
    let http: HTTPClient
    let observe: Observer
    let forget: Forgetter
    let server: Server
    let record: Recorder
    /// Whether the bench is to end early.
    let isStopped: @Sendable () -> Bool
    let progress: (String) -> Void
    /// Milliseconds that another bench has to end, which may have been killed just now.
    private static let patience = 5000
    /// Which bench made a lease, a snapshot or a container.
    let identity = "bench-\(getpid())"

    /// Looks whether this can be measured here. `open` gives a new source of the image and the platform that is wanted; `observe` asks a
    /// lazy snapshotter, `forget` has it forget, `server` knows its process, and `record` has it record reads; `progress` is told what is
    /// done next. Throws `usage` where it cannot be measured, and `unavailable` where containerd does not answer.
    package init(
        _ options: Options, open: @escaping () throws -> (any ImageSource, Platform), observe: @escaping Observer,
        forget: @escaping Forgetter, server: @escaping Server, record: @escaping Recorder,
        isStopped: @escaping @Sendable () -> Bool, progress: @escaping (String) -> Void
    ) throws {
        self.options = options
        self.open = open
        self.observe = observe
        self.forget = forget
        self.server = server
        self.record = record
        self.isStopped = isStopped
        self.progress = progress
        let (source, platform) = try open()
        let image = try waiting { try await source.resolve(platform: platform) }
        self.image = image
        let bytes = try waiting { try await source.readBlob(image.manifest.config, limit: ImageConfig.sizeLimit) }
        process = .init(
            config: try ProcessConfig(parsing: bytes, name: "the configuration of \(image.reference)"),
            words: options.command, environment: options.environment)
        http = try HTTPClient()
        containerd = try ContainerdClient(address: options.address, namespace: BenchNamespace.name)
        do {
            try check()
        } catch {
            close()
            throw error
        }
    }

    private func check() throws {
        let known: [String]
        do {
            known = try containerd.snapshotters()
        } catch {
            throw HermesError("cannot use containerd", cause: error)
        }
        for name in options.snapshotters where !known.contains(name) {
            throw HermesError(
                .usage, "containerd has no snapshotter \(name.printable(100))",
                advice: "it has \(known.joined(separator: ", ").printable(300))")
        }
        guard geteuid() == 0 else {
            throw HermesError(.denied, "only root can measure cold starts", advice: "run it with sudo")
        }
        if !options.isAllowed, let other = try inhabited() {
            throw HermesError(
                .usage,
                "the namespace \(other.printable(100)) of this containerd has containers, which the bench would slow down: it drops the kernel's caches",
                advice: "give --yes to do it all the same")
        }
    }

    /// A namespace other than the bench's with containers; nil where there is none.
    private func inhabited() throws -> String? {
        for namespace in try containerd.namespaces() where namespace != containerd.namespace {
            let other = try containerd.inNamespace(namespace)
            defer { other.close() }
            if try !other.containers().isEmpty { return namespace }
        }
        return nil
    }

    /// Ends the connections. To be called once, last.
    package func close() {
        containerd.close()
        http.close()
    }

    /// Measures all rounds. In each, every snapshotter starts the workload cold and then warm; who is first changes from
    /// round to round. A start that fails is part of the report. Leaves nothing behind. Throws `interrupted` when it was
    /// stopped, and the error of what makes further rounds useless.
    package func run() throws -> BenchReport {
        try inNamespace { try measure($0) }
    }

    /// Runs `body` in the bench's namespace, which is empty, and leaves nothing of it. Throws `usage` where another namespace has the
    /// image, and `unavailable` while another bench measures with this containerd.
    func inNamespace<Result>(_ body: (ColdNode) throws -> Result) throws -> Result {
        try alone {
            let namespace = BenchNamespace(containerd)
            try namespace.make()
            defer { namespace.remove() }
            BenchFolder.clear()
            try namespace.clear()
            let cold = ColdNode(containerd: containerd, observe: observe, forget: forget)
            try cold.checkThatNobodyHas(image, snapshotters: options.snapshotters)
            return try body(cold)
        }
    }

    /// Runs `body` while no other bench measures with this containerd: they would clear away each other's images. The lease is on the
    /// folder of containerd's socket, so that it needs no file of its own.
    private func alone<Result>(_ body: () throws -> Result) throws -> Result {
        let folder = options.address.lastIndex(of: "/").map { String(options.address[..<$0]) } ?? "."
        guard let lease = FolderLease.alone(folder.isEmpty ? "/" : folder, within: Self.patience) else {
            throw HermesError(
                .unavailable, "another bench measures with the containerd at \(options.address.printable(200))",
                advice: "run this one when that has ended")
        }
        return try withExtendedLifetime(lease, body)
    }

    private func measure(_ cold: ColdNode) throws -> BenchReport {
        var report = try emptyReport()
        for round in 1...max(1, options.rounds) {
            for turn in options.snapshotters.indices {
                let side = (turn + round - 1) % options.snapshotters.count
                let name = options.snapshotters[side]
                progress("round \(round) of \(options.rounds): \(name), cold")
                try cold.prepare(image, on: name)
                // Of one start of a side the reads are enough, and the others are measured without their cost.
                let isRecorded = report.sides[side].starts.allSatisfy(\.reads.isEmpty)
                let recording = isRecorded ? recording(on: name) : nil
                let first = NodeStart(self, on: name, round: round, isCold: true, recording: recording)
                report.sides[side].starts.append(try first.run())
                if case .failure(let error) = recording?.result {
                    progress("the reads of the start with \(name) are not known: \(error)")
                }
                progress("round \(round) of \(options.rounds): \(name), warm")
                if report.sides[side].starts.last?.outcome == .complete {
                    let second = NodeStart(self, on: name, round: round, isCold: false)
                    report.sides[side].starts.append(try second.run())
                }
            }
        }
        return report
    }

    /// Begins to record reads; nil where the snapshotter cannot, which is no reason not to measure.
    private func recording(on snapshotter: String) -> StartRecording? {
        do {
            return try record(snapshotter, image.descriptor.digest).map { StartRecording($0) }
        } catch {
            progress("the reads of the start with \(snapshotter) are not recorded: \(error)")
            return nil
        }
    }

    /// What is measured and where, without a start.
    func emptyReport() throws -> BenchReport {
        var system = utsname()
        uname(&system)
        let release = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        return BenchReport(
            taken: Timestamp(seconds: Timestamp.now().seconds, nanoseconds: 0).rfc3339,
            machine: .init(
                kernel: release, processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), memoryBytes: pages,
                runtime: "containerd \(try containerd.version().printable(100))"),
            workload: .init(
                image: image.reference, manifest: "\(image.descriptor.digest)",
                imageBytes: image.layers.reduce(0) { $0 + $1.descriptor.size }, command: options.command,
                ready: options.readiness.words, request: options.request?.words),
            sides: options.snapshotters.map { .init(name: $0) })
    }
}
