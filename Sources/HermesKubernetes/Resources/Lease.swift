/// Says which process may act, and for how long (coordination.k8s.io/v1 Lease).
package struct Lease: KubernetesObject, Hashable {
    package struct Spec: Codable, Sendable, Hashable {
        /// The process that may act; empty or nil when none does.
        package var holderIdentity: String?
        /// For how many seconds after `renewTime` the holder may act.
        package var leaseDurationSeconds: Int?
        /// When the holder got it, by the holder's clock (RFC 3339 with six digits of fraction).
        package var acquireTime: String?
        package var renewTime: String?
        /// How often the holder changed.
        package var leaseTransitions: Int?
    }

    package var metadata: ObjectMeta
    package var spec: Spec
}

extension ResourcePath {
    static let leases = ResourcePath(group: "coordination.k8s.io", plural: "leases")
    package static let events = ResourcePath(plural: "events")
}
