/// What the node's administrator decides about lazy images.
package struct LazyOptions: Sendable {
    /// Whether the rest of an image is fetched in the background.
    package var fill = true
    /// The most bytes that the cache may take; nil until a tenth of the file system is left.
    package var cacheSize: Int64?
    /// Whether an index may come from the image's own registry (its referrers).
    package var usesReferrers = true

    package init() {}
}
