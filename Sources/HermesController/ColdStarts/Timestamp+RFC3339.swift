import HermesSupport

extension Timestamp {
    /// The moment of a text of the API server; nil for nil and for anything but RFC 3339.
    init?(rfc3339 text: String?) {
        guard let text, let time = Array(text.utf8).withUnsafeBytes({ RFC3339.parse($0) }) else { return nil }
        self = time
    }

    /// Whole seconds from `start` to this moment; 0 when it comes first, as the API server's clock and a node's differ.
    func seconds(since start: Timestamp) -> Int64 { max(0, seconds - start.seconds) }
}
