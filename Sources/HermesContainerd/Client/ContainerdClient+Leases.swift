extension ContainerdClient {
    private static func leases(_ method: String) -> ContainerdMethod { .init("leases.v1.Leases", method) }

    /// Makes a lease: what is made with it stays until it is deleted, or until `expiry`, a time as RFC 3339 has it.
    package func createLease(_ id: String, expiry: String) throws {
        let _: Containerd_Services_Leases_V1_CreateResponse = try call(
            Self.leases("Create"),
            Containerd_Services_Leases_V1_CreateRequest.with {
                ($0.id, $0.labels) = (id, ["containerd.io/gc.expire": expiry])
            })
    }

    /// The leases of the namespace.
    package func leases() throws -> [String] {
        let answer: Containerd_Services_Leases_V1_ListResponse = try call(
            Self.leases("List"), Containerd_Services_Leases_V1_ListRequest())
        return answer.leases.map(\.id)
    }

    /// Ends a lease. With `isWaited` it returns when what only it held is gone. Throws `notFound`.
    package func deleteLease(_ id: String, isWaited: Bool) throws {
        try tell(
            Self.leases("Delete"),
            Containerd_Services_Leases_V1_DeleteRequest.with { ($0.id, $0.sync) = (id, isWaited) },
            patience: .seconds(300))
    }
}
