import ArgumentParser
import HermesBench
import HermesSupport

/// The snapshotters that a bench on this node compares.
struct BenchSnapshotters: ParsableArguments {
    @Option(
        name: .customLong("snapshotter"),
        help:
            "A snapshotter of containerd to measure; the others are compared with the first. (default: overlayfs and hermes)"
    )
    var names: [String] = []

    /// Fills them in. Throws `usage` for too many, or for one twice.
    func fill(_ chosen: inout NodeBench.Options) throws {
        if !names.isEmpty { chosen.snapshotters = names }
        guard Set(chosen.snapshotters).count == chosen.snapshotters.count, chosen.snapshotters.count <= 16 else {
            throw HermesError(.usage, "--snapshotter takes 16 different names at most")
        }
    }
}
