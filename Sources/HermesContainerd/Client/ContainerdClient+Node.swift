import SwiftProtobuf

extension ContainerdClient {
    private static func namespaces(_ method: String) -> ContainerdMethod { .init("namespaces.v1.Namespaces", method) }

    /// containerd's version.
    package func version() throws -> String {
        let answer: Containerd_Services_Introspection_V1_VersionResponse = try call(
            .init("version.v1.Version", "Version"), Google_Protobuf_Empty())
        return answer.version
    }

    /// The names of the snapshotters.
    package func snapshotters() throws -> [String] {
        let answer: Containerd_Services_Introspection_V1_PluginsResponse = try call(
            .init("introspection.v1.Introspection", "Plugins"),
            Containerd_Services_Introspection_V1_PluginsRequest.with {
                $0.filters = ["type==io.containerd.snapshotter.v1"]
            })
        return answer.plugins.map(\.id)
    }

    package func namespaces() throws -> [String] {
        let answer: Containerd_Services_Namespaces_V1_ListNamespacesResponse = try call(
            Self.namespaces("List"), Containerd_Services_Namespaces_V1_ListNamespacesRequest())
        return answer.namespaces.map(\.name)
    }

    /// Makes the namespace of this client. Throws `alreadyExists`.
    package func createNamespace() throws {
        let _: Containerd_Services_Namespaces_V1_CreateNamespaceResponse = try call(
            Self.namespaces("Create"),
            Containerd_Services_Namespaces_V1_CreateNamespaceRequest.with { $0.namespace.name = namespace })
    }

    /// Deletes the namespace of this client. Throws `failedPrecondition` when something is in it.
    package func deleteNamespace() throws {
        try tell(
            Self.namespaces("Delete"),
            Containerd_Services_Namespaces_V1_DeleteNamespaceRequest.with { $0.name = namespace })
    }
}
