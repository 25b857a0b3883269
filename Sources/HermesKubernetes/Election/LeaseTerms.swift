/// How a lease is held. A value.
package struct LeaseTerms: Sendable {
    /// Names this process and no other.
    package var identity: String
    /// Seconds that another process waits after the last renewal that it saw.
    package var lease = 15
    /// Milliseconds after which a holder that cannot renew gives up; less than `lease`, so that no two act at once.
    package var renewDeadline = 10_000
    /// Milliseconds between attempts.
    package var retry = 2000

    /// The terms that Kubernetes' own controllers have.
    package init(identity: String) { self.identity = identity }
}
