import HermesCore
import HermesSupport
import Logging
import Synchronization

/// What operators can see of a daemon: metrics of all that it does, and its images in detail.
///
/// Safe for use from any thread; `metrics` and `status` block on the disk.
final class DaemonObservation: Sendable {
    let calls = CallMetrics()
    /// Whether containerd's socket is served, and the images of the last run were looked at.
    let isReady = Atomic(false)
    private let snapshotter: OverlaySnapshotter
    private let process = ProcessMetrics()
    private let start = (time: Timestamp.now(), point: Monotonic.now())
    private let log: Logger

    init(_ snapshotter: OverlaySnapshotter, log: Logger) {
        self.snapshotter = snapshotter
        self.log = log
    }

    /// The metrics with the values that they have now, in Prometheus's text format. There are always as many, whatever images
    /// there are; what cannot be found out is NaN.
    func metrics() -> String {
        let families =
            (snapshotter.images?.mounts.metrics() ?? []) + daemonMetrics() + calls.families() + process.families()
        return families.map(\.text).joined()
    }

    private func daemonMetrics() -> [MetricFamily] {
        let states = snapshotter.images?.counts() ?? [:]
        let snapshots = asked("snapshots") { try snapshotter.store.counts() }
        // There is no cache where no image can be mounted.
        let cache = asked("the cache") { try snapshotter.images?.cache.size() ?? 0 }
        return [
            Self.gauges("hermes_daemon_images", "Images that are mounted or about to be.", ImageState.self) {
                Double(states[$0] ?? 0)
            },
            snapshotter.pulls.results.family(
                "hermes_daemon_pulls_total", "Images that containerd pulled, by what became of them."),
            .gauge(
                "hermes_daemon_crashed_images", "Images that are not mounted, as the daemon crashed in their code.",
                Double(snapshotter.images?.crashes.asideCount ?? 0)),
            Self.gauges("hermes_daemon_snapshots", "Snapshots, by their kind.", SnapshotKind.self) { kind in
                snapshots.map { Double($0.kinds[kind] ?? 0) } ?? .nan
            },
            .gauge(
                "hermes_daemon_lazy_snapshots", "Committed snapshots that are no folder but a mounted image.",
                snapshots.map { Double($0.lazy) } ?? .nan),
            .gauge(
                "hermes_daemon_cache_disk_bytes", "What the cache takes on the disk.", cache.map(Double.init) ?? .nan),
        ]
    }

    private static func gauges<Label: MetricLabel>(
        _ name: String, _ help: String, _ label: Label.Type, _ value: (Label) -> Double
    ) -> MetricFamily {
        MetricFamily(
            name: name, help: help, kind: .gauge,
            samples: Label.allCases.map { .init(labels: [(Label.labelName, $0.labelValue)], value: value($0)) })
    }

    private func asked<Value>(_ what: String, _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            log.warning("metrics lack a value", metadata: ["of": "\(what)", "cause": "\(error)"])
            return nil
        }
    }

    /// Records the reads of an image from now on, and of one that is shown later from its first read. False where that is done
    /// already, or no image can be shown. `endRecording` is to be called.
    func beginRecording(_ manifest: Digest) -> Bool {
        snapshotter.images?.mounts.beginRecording(manifest.hex) ?? false
    }

    /// Stops that, and gives what was recorded; nil where the image was never shown.
    func endRecording(_ manifest: Digest) -> ReadRecord? { snapshotter.images?.mounts.endRecording(manifest.hex) }

    /// Forgets what outlives the data of an image. False where the daemon has the image, or is about to.
    func forget(_ manifest: Digest) -> Bool { snapshotter.images?.forget(manifest) ?? true }

    /// How the daemon and its images are doing.
    func status() -> DaemonStatus {
        DaemonStatus(
            version: HermesVersion.current, started: start.time.rfc3339, written: Timestamp.now().rfc3339,
            uptimeSeconds: Int(Monotonic.now().milliseconds(since: start.point) / 1000),
            ready: isReady.load(ordering: .relaxed), images: snapshotter.images?.status() ?? [],
            cached: asked("the cache") { try snapshotter.images?.cache.images() ?? [] } ?? [],
            lost: snapshotter.images?.mounts.lost() ?? [], left: snapshotter.pulls.left)
    }
}

extension SnapshotKind: MetricLabel {
    package static let labelName = "kind"
    package var labelValue: String { name }
}
