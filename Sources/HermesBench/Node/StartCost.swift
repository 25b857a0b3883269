import Glibc
import HermesBenchReport
import HermesContainerd
import HermesCore
import HermesSupport

/// What a start costs beside time. To be made before it begins.
final class StartCost {
    private let bench: NodeBench
    private let snapshotter: String
    /// Processor time of the processes that work for the start, when it began.
    private var before: [Int32: Double] = [:]
    /// The layers that the snapshotter had by itself.
    var present: Int

    init(_ bench: NodeBench, _ snapshotter: String) {
        self.bench = bench
        self.snapshotter = snapshotter
        present = bench.image.layers.count
        for process in processes(nil) { before[process] = ProcessUsage(process)?.seconds }
    }

    /// This process, which fetches what is pulled, containerd, and the one that serves the image.
    private func processes(_ server: Int32?) -> [Int32] {
        [getpid()] + [UnixSocket.peer(of: bench.options.address), server].compactMap { $0 }
    }

    /// The cost up to now.
    func transfer() -> BenchReport.Transfer {
        let state = try? bench.observe(snapshotter, bench.image.descriptor.digest)
        var transfer = BenchReport.Transfer()
        let pulled = bench.image.layers.dropFirst(present).reduce(0) { $0 + $1.descriptor.size }
        let whole = bench.image.layers.reduce(0) { $0 + $1.descriptor.size }
        let bytes = pulled + (state?.fetchedBytes ?? 0)
        transfer.networkBytes = bytes
        if whole > 0 { transfer.imageShare = min(1, Double(bytes) / Double(whole)) }
        transfer.processorSeconds = processes(state?.process).reduce(0) { sum, process in
            sum + max(0, (ProcessUsage(process)?.seconds ?? 0) - (before[process] ?? 0))
        }
        transfer.memoryBytes = state?.process.flatMap { ProcessUsage($0)?.residentBytes }
        return transfer
    }
}
