import HermesHTTP
import HermesSupport

/// Names a kind of objects, or one object, to the API server: /api/v1/namespaces/NAMESPACE/pods/NAME/status. A value.
package struct ResourcePath: Sendable, Hashable {
    /// The API group; empty for the core.
    package var group: String
    package var version: String
    /// The kind as paths name it: the plural in lower case.
    package var plural: String
    /// Nil for kinds of the whole cluster, and for the objects of all namespaces.
    package var namespace: String?
    /// Nil for all objects.
    package var name: String?
    /// A part of an object that is written by itself, such as "status".
    package var subresource: String?

    package init(
        group: String = "", version: String = "v1", plural: String, namespace: String? = nil, name: String? = nil,
        subresource: String? = nil
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
    }

    /// The path of one object of the kind.
    package func object(_ name: String, in namespace: String? = nil) -> ResourcePath {
        var path = self
        path.name = name
        path.namespace = namespace ?? path.namespace
        return path
    }

    /// The path of the object's status.
    package var status: ResourcePath {
        var path = self
        path.subresource = "status"
        return path
    }

    /// The path in a URL. Throws `usage` for a part that cannot be one: a name of dots would lead to another object.
    func text() throws -> String {
        var parts = group.isEmpty ? ["api", version] : ["apis", group, version]
        if let namespace { parts += ["namespaces", namespace] }
        parts.append(plural)
        if let name { parts.append(name) }
        if let subresource { parts.append(subresource) }
        for part in parts where part.isEmpty || part == "." || part == ".." || part.contains("/") || part.contains("%")
        {
            throw HermesError(.usage, "\"\(part.printable(100))\" cannot be a part of a path of the API server")
        }
        return "/" + parts.map(HTTPURL.encode).joined(separator: "/")
    }
}

extension ResourcePath: CustomStringConvertible {
    /// As kubectl names it, such as "pods NAME in NAMESPACE".
    package var description: String {
        var text = group.isEmpty ? plural : "\(plural).\(group)"
        if let subresource { text += "/\(subresource)" }
        if let name { text += " \(name)" }
        if let namespace { text += " in \(namespace)" }
        return text.printable(300)
    }
}
