/// A server's word for when it may be asked again (RFC 9110 section 10.2.3); the cause of the error that it came with.
struct RetryAfter: Error, CustomStringConvertible {
    let milliseconds: Int64

    var description: String { "it asks to be left alone for \((milliseconds + 999) / 1000) s" }
}

extension HermesError {
    /// The milliseconds that the server wants us to wait; nil when it did not say.
    var retryAfter: Int64? { (cause as? RetryAfter)?.milliseconds }
}
