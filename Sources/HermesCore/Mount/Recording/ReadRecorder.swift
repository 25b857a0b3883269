import HermesSupport
import Synchronization

/// Counts the kernel's reads of one image while somebody wants to know them.
///
/// Safe for use from any thread. A read takes a lock while it is on, and costs one load of a flag otherwise.
final class ReadRecorder: Sendable {
    private struct Recording {
        let begin: Monotonic
        var tally = ReadTally()
    }

    private let isOn = Atomic(false)
    private let recording = Mutex<Recording?>(nil)

    /// Whether reads are to be counted.
    @inline(__always)
    var isRecording: Bool { isOn.load(ordering: .relaxed) }

    /// Counts from now on; times are those since `begin`.
    func begin(at begin: Monotonic) {
        recording.withLock { $0 = Recording(begin: begin) }
        isOn.store(true, ordering: .relaxed)
    }

    /// Stops, and gives what was counted and since when; nil where nothing was recorded.
    func end() -> (tally: ReadTally, begin: Monotonic)? {
        isOn.store(false, ordering: .relaxed)
        return recording.withLock { recording in
            defer { recording = nil }
            return recording.map { ($0.tally, $0.begin) }
        }
    }

    /// Counts a read of `bytes` bytes that came at `begin` and is about to be answered. `isFetched` says that it waited for bytes
    /// that the cache did not have.
    func add(_ inode: UInt64, from begin: Monotonic, bytes: Int, isFetched: Bool) {
        let now = Monotonic.now()
        recording.withLock { recording in
            guard let since = recording?.begin else { return }
            let seconds = now.milliseconds(since: begin) / 1000
            recording?.tally.add(
                inode, at: max(0, begin.milliseconds(since: since) / 1000), bytes: Int64(bytes),
                seconds: isFetched ? seconds : nil)
        }
    }
}
