import HermesSupport

/// Where the bytes of a read came from.
enum ReadSource: String, MetricLabel {
    /// Everything was in the span cache.
    case cache
    /// Something had to be fetched first.
    case fetch
    /// All bytes lie between the data of a sparse file.
    case hole

    static let labelName = "source"
}
