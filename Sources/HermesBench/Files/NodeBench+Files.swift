import HermesBenchReport
import HermesCore
import HermesSupport

extension NodeBench {
    /// Starts the workload cold once, with the first of the snapshotters, and gives which files it touched until its phases were over.
    /// Leaves nothing behind. Throws `unavailable` where the snapshotter cannot say, `interrupted` when it was stopped, and `system`
    /// for a start that fails.
    package func files() throws -> FilesReport {
        try inNamespace { cold in
            let report = try emptyReport()
            let name = options.snapshotters[0]
            progress("\(name), cold")
            try cold.prepare(image, on: name)
            guard let finish = try record(name, image.descriptor.digest) else {
                throw HermesError(.unavailable, "the snapshotter \(name) does not record reads")
            }
            let recording = StartRecording(finish)
            let start = try NodeStart(self, on: name, round: 1, isCold: true, recording: recording).run()
            guard start.isComplete, let result = recording.result else {
                throw HermesError(
                    .system, "\(image.reference) did not start: \(start.error ?? start.outcome.rawValue)")
            }
            return FilesReport(report, phases: start.phases, try result.get())
        }
    }
}
