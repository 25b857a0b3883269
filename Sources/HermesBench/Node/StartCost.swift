import Glibc
import HermesBenchReport
import HermesContainerd
import HermesCore
import HermesSupport

/// What a start costs beside time. To be made before it begins.
final class StartCost {
    private let bench: NodeBench
    private let snapshotter: String
    /// The processes that work for the start, with their processor time when it began: this one, which fetches what is pulled,
    /// containerd, and the one that serves the image.
    private let before: [Int32: Double]
    private let server: Int32?
    /// What the snapshotter had fetched of the image when it began.
    private let fetchedBefore: Int64
    /// The layers that the snapshotter had by itself.
    var present: Int

    init(_ bench: NodeBench, _ snapshotter: String) {
        self.bench = bench
        self.snapshotter = snapshotter
        present = bench.image.layers.count
        server = bench.server(snapshotter)
        let processes = [getpid()] + [UnixSocket.peer(of: bench.options.address), server].compactMap { $0 }
        before = Dictionary(
            processes.compactMap { process in ProcessUsage(process).map { (process, $0.seconds) } },
            uniquingKeysWith: { first, _ in first })
        fetchedBefore = (try? bench.observe(snapshotter, bench.image.descriptor.digest))?.fetchedBytes ?? 0
    }

    /// The cost up to now.
    func transfer() -> BenchReport.Transfer {
        let state = try? bench.observe(snapshotter, bench.image.descriptor.digest)
        var transfer = BenchReport.Transfer()
        let pulled = bench.image.layers.dropFirst(present).reduce(0) { $0 + $1.descriptor.size }
        let whole = bench.image.layers.reduce(0) { $0 + $1.descriptor.size }
        let bytes = pulled + max(0, (state?.fetchedBytes ?? 0) - fetchedBefore)
        transfer.networkBytes = bytes
        if whole > 0 { transfer.imageShare = min(1, Double(bytes) / Double(whole)) }
        transfer.processorSeconds = before.reduce(0) { sum, process in
            sum + max(0, (ProcessUsage(process.key)?.seconds ?? 0) - process.value)
        }
        if state != nil, let server { transfer.memoryBytes = ProcessUsage(server)?.residentBytes }
        return transfer
    }
}
