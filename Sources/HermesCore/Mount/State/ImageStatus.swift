import HermesSupport

/// One of the images on a mount of many, in a line for people or an object for programs. Sizes are in bytes, times in UTC as
/// RFC 3339 has them; docs/operations.md describes every field.
package struct ImageStatus: Codable, Sendable, Equatable {
    package struct Problem: Codable, Sendable, Equatable {
        package var time: String
        package var message: String
    }

    package var image: String
    package var manifest: Digest
    /// When it was mounted.
    package var mounted: String
    package var layers: Int
    package var bytes: Int64
    package var uncompressedBytes: Int64
    package var presentBytes: Int64
    package var presentUncompressedBytes: Int64
    /// Of the uncompressed bytes, 0 to 100 with two decimals; 100 only when all are here.
    package var presentPercent: Double
    package var fetchedBytes: Int64
    package var reads: Int
    package var failedReads: Int
    package var parkedReads: Int
    /// Requests that failed and spans with wrong bytes.
    package var errors: Int
    package var complete: Bool
    package var verified: Bool
    /// Absent as long as nothing went wrong.
    package var lastError: Problem?
}

extension ImageStatus {
    init(_ state: MountState) {
        let totals = state.totals
        self.init(
            image: state.image, manifest: state.manifest, mounted: state.mounted, layers: state.layers.count,
            bytes: totals.bytes, uncompressedBytes: totals.uncompressedBytes, presentBytes: totals.presentBytes,
            presentUncompressedBytes: totals.presentUncompressedBytes,
            presentPercent: Self.percent(totals.presentUncompressedBytes, of: totals.uncompressedBytes),
            fetchedBytes: totals.fetchedBytes, reads: totals.reads, failedReads: totals.failedReads,
            parkedReads: state.parkedReads, errors: state.layers.reduce(0) { $0 + $1.errors },
            complete: totals.complete, verified: totals.verified,
            lastError: state.lastError.map { Problem(time: $0.time, message: $0.message) })
    }

    static func percent(_ part: Int64, of whole: Int64) -> Double {
        guard part < whole else { return 100 }
        return (Double(part) / Double(whole) * 10_000).rounded(.down) / 100
    }
}
