/// The contents of `.hermes/state.json`: a mount's data, its work, and its waiting reads. Sizes are in bytes,
/// times in UTC as RFC 3339 has them; docs/operations.md describes every field.
struct MountState: Encodable {
    struct Layer: Encodable {
        var digest: Digest
        var bytes: Int64
        var uncompressedBytes: Int64
        var spans: Int
        var presentSpans: Int
        var presentBytes: Int64
        var presentUncompressedBytes: Int64
        var fetchedBytes: Int
        var errors: Int
        /// Whether every span is here.
        var complete: Bool
        /// Whether the whole layer was compared with its diff ID.
        var verified: Bool
    }

    struct Totals: Encodable {
        var bytes: Int64
        var uncompressedBytes: Int64
        var presentBytes: Int64
        var presentUncompressedBytes: Int64
        var fetchedBytes: Int64
        var requests: Int
        var reads: Int
        var failedReads: Int
        var complete: Bool
        var verified: Bool
    }

    struct HungRead: Encodable {
        var file: String
        var layer: Digest
        var span: Int
        var seconds: Double
    }

    struct Problem: Encodable {
        var time: String
        var message: String
        /// Absent where no single one is meant, as is `span`.
        var layer: Digest?
        var span: Int?
    }

    var image: String
    var manifest: Digest
    var version: String
    var mounted: String
    var written: String
    var totals: Totals
    /// From the bottom up.
    var layers: [Layer]
    var parkedReads: Int
    var hungReadCount: Int
    /// The oldest of them.
    var hungReads: [HungRead]
    /// Absent as long as nothing went wrong.
    var lastError: Problem?
}
