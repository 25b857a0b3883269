package typealias SweepReport = BenchResult<Sweep>

/// How long it takes to have read shares of an image's bytes.
package struct Sweep: Encodable, Sendable {
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
}

extension SweepReport {
    /// `report` says what was measured and where. All `shares` have the same sides, in the same order.
    package init(_ report: BenchReport, files: Int, fileBytes: Int64, shares: [Sweep.Share]) {
        self.init(
            report, Sweep(files: files, fileBytes: fileBytes, shares: shares, summary: SweepSummary(shares)))
    }
}
