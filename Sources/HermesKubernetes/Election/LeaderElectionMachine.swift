import HermesSupport

/// Decides who leads by a lease: a pure state machine, which `LeaderElection` drives.
///
/// As with client-go, no time in a lease is compared with a clock of this machine. A lease is over when it was not seen
/// to change for its duration, on the monotonic clock of who looks; so clocks that differ do no harm.
struct LeaderElectionMachine: Sendable {
    enum Step: Equatable, Sendable {
        /// Make the lease, which does not exist.
        case create(Lease.Spec)
        /// Change the lease if it still has this version.
        case change(Lease.Spec, version: String)
        /// Another holds the lease; look again later.
        case wait
    }

    let terms: LeaseTerms
    /// The lease as it was seen to change last.
    private var seen: Lease.Spec?
    private var seenAt: Monotonic?
    /// The version of the lease as this process wrote it last; nil where the lease has to be looked at.
    private var version: String?
    /// When the last renewal that went well was begun; nil while another leads.
    private var renewed: Monotonic?

    init(_ terms: LeaseTerms) { self.terms = terms }

    /// When this process has to stop acting unless it renews; nil while it does not lead.
    var deadline: Monotonic? { renewed?.adding(milliseconds: terms.renewDeadline) }

    /// Whether this process may act at `now`.
    func leads(at now: Monotonic) -> Bool { deadline.map { now < $0 } ?? false }

    /// Renews the lease without a look at it, as its holder knows it; nil when it has to be looked at. `time` is for people.
    func renewal(time: Timestamp) -> Step? {
        guard let version, renewed != nil, var spec = seen else { return nil }
        spec.leaseDurationSeconds = terms.lease
        spec.renewTime = time.kubernetesMicroTime
        return .change(spec, version: version)
    }

    /// A write failed, or nobody knows whether it did: the lease has to be looked at.
    mutating func lostTrack() { version = nil }

    /// What to do about the lease as it is; nil when it does not exist. `time` is `now` on the clock that people read.
    mutating func found(_ lease: Lease?, now: Monotonic, time: Timestamp) -> Step {
        let stamp = time.kubernetesMicroTime
        var spec = Lease.Spec(
            holderIdentity: terms.identity, leaseDurationSeconds: terms.lease, acquireTime: stamp, renewTime: stamp,
            leaseTransitions: 0)
        guard let lease else {
            renewed = nil
            return .create(spec)
        }
        if lease.spec != seen {
            seen = lease.spec
            seenAt = now
        }
        let holder = lease.spec.holderIdentity ?? ""
        spec.leaseTransitions = max(lease.spec.leaseTransitions ?? 0, 0)
        if holder == terms.identity {
            spec.acquireTime = lease.spec.acquireTime ?? stamp
        } else {
            renewed = nil
            guard holder.isEmpty || isOver(now) else { return .wait }
            spec.leaseTransitions = min(max(lease.spec.leaseTransitions ?? 0, 0), Int(Int32.max) - 1) + 1
        }
        // Every object that the server gives has a version.
        guard let version = lease.metadata.resourceVersion else { return .wait }
        return .change(spec, version: version)
    }

    /// The step went well, which was begun at `begun`, and left `lease`.
    mutating func wrote(_ lease: Lease, begun: Monotonic) {
        seen = lease.spec
        seenAt = begun
        version = lease.metadata.resourceVersion
        renewed = lease.spec.holderIdentity == terms.identity ? begun : nil
    }

    /// The lease as it is given back, so that the next process need not wait; nil when it is not this one's to give.
    func released(_ lease: Lease, time: Timestamp) -> Step? {
        guard lease.spec.holderIdentity == terms.identity, let version = lease.metadata.resourceVersion else {
            return nil
        }
        var spec = lease.spec
        spec.holderIdentity = ""
        spec.leaseDurationSeconds = 1
        spec.renewTime = time.kubernetesMicroTime
        return .change(spec, version: version)
    }

    /// Whether the other's lease was not renewed for its duration, as far as that is seen from here.
    private func isOver(_ now: Monotonic) -> Bool {
        guard let seenAt else { return false }
        // The holder's word counts, as it may have other terms; one that is out of all bounds does not.
        let duration = seen?.leaseDurationSeconds ?? terms.lease
        let seconds = (1...3600).contains(duration) ? duration : terms.lease
        return now.milliseconds(since: seenAt) >= Double(seconds) * 1000
    }
}
