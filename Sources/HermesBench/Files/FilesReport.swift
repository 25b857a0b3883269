import HermesBenchReport
import HermesCore

/// Which files of an image a start touches, and what it never touches, as `--format json` writes it (docs/bench.md has the fields).
package struct FilesReport: Encodable, Sendable {
    /// Fields are added under the same number; a change of meaning gets another.
    package static let currentFormat = 1

    package let format = Self.currentFormat
    package let tool: BenchReport.Tool
    package let taken: String
    package let machine: BenchReport.Machine
    package let workload: BenchReport.Workload
    /// The phases of the start, in which what is touched was.
    package let phases: [BenchReport.Phase]
    package let layers: [ReadRecord.Layer]
    package let touched: [ReadRecord.TouchedFile]
    package let untouchedFiles: [ReadRecord.UntouchedFile]
    package let untouchedFolders: [ReadRecord.UntouchedFolder]

    /// `report` says what was measured and where, `phases` are those of the start that was recorded.
    package init(_ report: BenchReport, phases: [BenchReport.Phase], _ record: ReadRecord) {
        tool = report.tool
        taken = report.taken
        machine = report.machine
        workload = report.workload
        self.phases = phases
        layers = record.layers
        touched = record.touched
        untouchedFiles = record.untouchedFiles
        untouchedFolders = record.untouchedFolders
    }
}
