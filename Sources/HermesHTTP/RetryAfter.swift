import HermesSupport

/// A server's word for when it may be asked again (RFC 9110 section 10.2.3); the cause of the error that it came with.
package struct RetryAfter: Error, CustomStringConvertible {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package var description: String { "it asks to be left alone for \((milliseconds + 999) / 1000) s" }
}

extension HermesError {
    /// The milliseconds that the server wants us to wait; nil when it did not say.
    package var retryAfter: Int64? { (cause as? RetryAfter)?.milliseconds }
}
