/// How long it takes to have read shares of an image's bytes, as `--format json` writes it (docs/bench.md has the fields).
package struct SweepReport: Encodable, Sendable {
    /// Fields are added under the same number; a change of meaning gets another.
    package static let currentFormat = 1

    package let format = Self.currentFormat
    package let tool: BenchReport.Tool
    package let taken: String
    package let machine: BenchReport.Machine
    package let workload: BenchReport.Workload
    /// The regular files of the image, and their bytes.
    package let files: Int
    package let fileBytes: Int64
    /// In rising order.
    package let shares: [Share]
    package let summary: SweepSummary

    package struct Share: Encodable, Sendable {
        /// From 0 to 1.
        package var share: Double
        /// The bytes that were read.
        package var bytes: Int64
        /// The starts with each snapshotter, which are all cold.
        package var sides: [BenchReport.Side]

        package init(share: Double, bytes: Int64, sides: [BenchReport.Side]) {
            self.share = share
            self.bytes = bytes
            self.sides = sides
        }
    }

    /// `report` says what was measured and where. All `shares` have the same sides, in the same order.
    package init(_ report: BenchReport, files: Int, fileBytes: Int64, shares: [Share]) {
        tool = report.tool
        taken = report.taken
        machine = report.machine
        workload = report.workload
        self.files = files
        self.fileBytes = fileBytes
        self.shares = shares
        summary = SweepSummary(shares)
    }
}
