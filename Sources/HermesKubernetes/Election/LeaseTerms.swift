/// How a lease is held. A value.
///
/// A holder that nothing disturbs sends three requests a minute. The price is that a process that died is replaced after a minute; one
/// that ends gives the lease back, and the next notices that at its next look.
package struct LeaseTerms: Sendable {
    /// Names this process and no other.
    package var identity: String
    /// Seconds that another process waits after the last renewal that it saw.
    package var lease = 60
    /// Milliseconds after which a holder that cannot renew gives up; less than `lease`, so that no two act at once.
    package var renewDeadline = 40_000
    /// Milliseconds from one renewal to the next; less than `renewDeadline`, so that a renewal that fails can be tried again.
    package var renew = 20_000
    /// Milliseconds from a renewal that failed to the next try, and between the looks of a process that waits.
    package var retry = 5000

    package init(identity: String) { self.identity = identity }
}
