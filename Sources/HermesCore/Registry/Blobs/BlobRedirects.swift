import HermesHTTP

/// Where a registry redirected blobs to: object stores' signed URLs, which spare the next range the way through the
/// registry. Event-loop thread only.
final class BlobRedirects: @unchecked Sendable {
    struct Blob: Hashable, CustomStringConvertible {
        let repository: String
        let digest: Digest

        var description: String { "\(repository)@\(digest)" }
    }

    private var urls: [Blob: HTTPURL] = [:]

    /// The known target of a blob.
    subscript(_ blob: Blob) -> HTTPURL? {
        get { urls[blob] }
        set {
            // Signed URLs are long; a node that has seen so many blobs has no use for most of them.
            if urls.count >= 4096, newValue != nil { urls = [:] }
            urls[blob] = newValue
        }
    }
}
