import Glibc
import HermesCore
import HermesSupport
import Logging

/// Keeps an image whose code crashes the daemon from doing so again and again: counts the crashes (`CrashRecord`) in the file `path`,
/// as the marks say whose they were (`CrashMarks`).
///
/// Safe for use from any thread.
final class CrashGuard: Sendable {
    /// Nil where no marks are made, so that no further crash is counted.
    private let marks: CrashMarks?
    /// What was counted up to the start of this run.
    private let record: CrashRecord

    /// Reads the record, and counts the end of the run before where `marks` are kept. Nothing of it stands in the way of a start: a file
    /// that cannot be read or written is told in the log.
    init(_ path: String, marks: CrashMarks?, log: Logger) {
        let now = Timestamp.now().seconds
        var record = Self.read(path, log)
        let read = record
        record.begin(version: HermesVersion.current, now: now)
        var begun: CrashMarks?
        if let marks {
            do {
                let memoryKills = CrashMarks.memoryKills()
                let end = marks.lastEnd(memoryKills: memoryKills)
                try marks.begin(memoryKills: memoryKills)
                begun = marks
                if let end { Self.count(end, in: &record, now, log) }
            } catch {
                log.warning("crashes in the code of images are not counted", metadata: ["cause": "\(error)"])
            }
        }
        if record != read {
            do {
                try AtomicFile.write(
                    try JSON.encode(record), to: path,
                    temporaryIn: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
            } catch {
                log.warning("the count of crashes cannot be written", metadata: ["cause": "\(error)"])
            }
        }
        self.marks = begun
        self.record = record
    }

    private static func read(_ path: String, _ log: Logger) -> CrashRecord {
        let none = CrashRecord(version: HermesVersion.current)
        guard access(path, F_OK) == 0 else { return none }
        do {
            return try JSON.decode(CrashRecord.self, from: try LocalFile.read(path, limit: 16 << 20), name: path)
        } catch {
            log.warning("the count of crashes cannot be read, and begins anew", metadata: ["cause": "\(error)"])
            return none
        }
    }

    private static func count(_ end: CrashMarks.End, in record: inout CrashRecord, _ now: Int64, _ log: Logger) {
        let blamed = end.blamed
        record.crashed(blamed, now: now)
        for manifest in blamed.sorted(by: { $0.hex < $1.hex }) {
            let message: Logger.Message =
                record.isAside(manifest, now: now)
                ? "the daemon crashed in the code of an image again: it is left to containerd"
                : "the daemon crashed in the code of an image"
            log.warning(
                message,
                metadata: [
                    "manifest": "\(manifest)", "crashes": "\(record.crashes(manifest))",
                    "cause": "\(end.signal.map { "signal \($0)" } ?? "killed for want of memory")",
                ])
        }
    }

    /// How many images are left to containerd because of crashes.
    var asideCount: Int { record.asideCount(now: Timestamp.now().seconds) }

    /// Whether an image is left to containerd because of crashes.
    func isAside(_ manifest: Digest) -> Bool { record.isAside(manifest, now: Timestamp.now().seconds) }

    /// Throws `unavailable` for an image that is left to containerd because of crashes.
    func check(_ manifest: Digest) throws {
        guard isAside(manifest) else { return }
        throw HermesError(
            .unavailable, "the daemon crashed \(record.crashes(manifest)) times in the code of the image \(manifest)",
            advice: "remove the image and pull it again: all of it is pulled then")
    }

    /// The process is about to end in an orderly way.
    func end() { marks?.end() }
}
