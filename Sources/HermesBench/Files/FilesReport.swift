import HermesBenchReport
import HermesCore

package typealias FilesReport = BenchResult<StartFiles>

/// Which files of an image a start touches, and what it never touches.
package struct StartFiles: Encodable, Sendable {
    /// The phases of the start, in which what is touched was.
    package let phases: [BenchReport.Phase]
    package let layers: [ReadRecord.Layer]
    package let touched: [ReadRecord.TouchedFile]
    package let untouchedFiles: [ReadRecord.UntouchedFile]
    package let untouchedFolders: [ReadRecord.UntouchedFolder]
}

extension FilesReport {
    /// `report` says what was measured and where, `phases` are those of the start that was recorded.
    package init(_ report: BenchReport, phases: [BenchReport.Phase], _ record: ReadRecord) {
        self.init(
            report,
            StartFiles(
                phases: phases, layers: record.layers, touched: record.touched, untouchedFiles: record.untouchedFiles,
                untouchedFolders: record.untouchedFolders))
    }
}
