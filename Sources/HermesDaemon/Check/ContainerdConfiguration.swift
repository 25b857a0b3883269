import HermesSupport

/// What containerd's config.toml, version 2 or 3, says of this daemon (docs/operations.md, "containerd's settings"). Pure.
struct ContainerdConfiguration {
    private let root: TOMLTable

    /// Throws `corrupt` for a file that is not TOML.
    init(_ bytes: [UInt8]) throws { root = try TOMLParser.parse(bytes) }

    static func proxyRemedy(_ address: String) -> String {
        "[proxy_plugins.hermes] with type = \"snapshot\" and address = \"\(address)\""
    }

    /// What is right and wrong for a daemon that answers at `address`.
    func findings(address: String) -> [NodeFinding] {
        let version = root["version"]?.integer ?? 1
        guard version == 2 || version == 3 else {
            return [
                .fail(
                    "containerd", "its configuration has version \(version), whose names are others",
                    "version = 2, or 3 from containerd 2.0 on")
            ]
        }
        guard let name = plugin(at: address) else { return [missingPlugin(address)] }
        let plugin = NodeFinding.ok("containerd", "its snapshotter \(name.printable(60)) is the daemon at \(address)")
        return [plugin, pods(name, version)]
    }

    /// The name of the snapshotter that is the daemon at `address`.
    private func plugin(at address: String) -> String? {
        guard let plugins = root.table("proxy_plugins") else { return nil }
        return plugins.keys.first { name in
            let plugin = plugins.table(name)
            return plugin?.string("type") == "snapshot" && plugin?.string("address") == address
        }
    }

    private func missingPlugin(_ address: String) -> NodeFinding {
        if let other = root.table("proxy_plugins", "hermes") {
            let said =
                "type \(other.string("type")?.printable(60) ?? "-"), address \(other.string("address")?.printable(200) ?? "-")"
            return .fail(
                "containerd", "[proxy_plugins.hermes] has \(said)", "type = \"snapshot\" and address = \"\(address)\"")
        }
        if case .array(let imports) = root["imports"], !imports.isEmpty {
            return .note(
                "containerd",
                "no snapshotter in its configuration is the daemon, and the files that it imports are not read",
                Self.proxyRemedy(address))
        }
        return .fail("containerd", "no snapshotter in its configuration is the daemon", Self.proxyRemedy(address))
    }

    /// Whether a kubelet's Pods start lazily.
    private func pods(_ name: String, _ version: Int64) -> NodeFinding {
        let path = version == 2 ? ["io.containerd.grpc.v1.cri", "containerd"] : ["io.containerd.cri.v1.images"]
        let table = root.table(["plugins"] + path)
        let header = version == 2 ? "[plugins.\"\(path[0])\".containerd]" : "[plugins.\"\(path[0])\"]"
        let snapshotter = table?.string("snapshotter") ?? "overlayfs"
        guard snapshotter == name else {
            return .note(
                "Pods", "they use the snapshotter \(snapshotter.printable(60)), and not this one",
                "snapshotter = \"\(name.printable(60))\" and disable_snapshot_annotations = false in \(header)")
        }
        // containerd's default is true.
        guard table?.flag("disable_snapshot_annotations") != false else {
            return .ok("Pods", "they use the snapshotter \(name.printable(60)), with the labels that it needs")
        }
        let exports = root.table("proxy_plugins", name, "exports")
        guard version == 3, exports?.string("enable_remote_snapshot_annotations") == "true" else {
            return .fail(
                "Pods", "containerd does not send the labels by which an image is known: all are pulled in full",
                "disable_snapshot_annotations = false in \(header)")
        }
        guard unpacks(to: name) else {
            return .fail(
                "Pods", "containerd's transfer service does not unpack for \(name.printable(60)): every pull fails",
                "[[plugins.\"io.containerd.transfer.v1.local\".unpack_config]] with platform and snapshotter")
        }
        return .ok("Pods", "they use the snapshotter \(name.printable(60)), through the transfer service")
    }

    private func unpacks(to name: String) -> Bool {
        let transfer = root.table("plugins", "io.containerd.transfer.v1.local")
        guard case .array(let elements) = transfer?["unpack_config"] else { return false }
        return elements.contains { element in
            guard case .table(let table) = element else { return false }
            return table.string("snapshotter") == name
        }
    }
}

extension TOMLTable {
    fileprivate func table(_ path: String...) -> TOMLTable? { table(path) }

    fileprivate func table(_ path: [String]) -> TOMLTable? {
        path.reduce(Optional(self)) { table, key in
            guard case .table(let next) = table?[key] else { return nil }
            return next
        }
    }

    fileprivate func string(_ key: String) -> String? {
        guard case .string(let text) = self[key] else { return nil }
        return text
    }

    fileprivate func flag(_ key: String) -> Bool? {
        guard case .boolean(let flag) = self[key] else { return nil }
        return flag
    }
}
