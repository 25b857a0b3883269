import Glibc
import HermesSupport

/// A folder of containerd's host configuration, "certs.d": one folder per registry, with a hosts.toml or with
/// certificates by Docker's naming.
package struct HostsFolder: Sendable {
    /// Where containerd has it by default.
    package static let standard = HostsFolder("/etc/containerd/certs.d")

    /// The folder; it need not exist.
    package let path: String

    /// Names a folder.
    package init(_ path: String) { self.path = path }

    /// The configuration for a registry, its paths made absolute; nil when there is none. Throws `corrupt` for a file
    /// that is not valid, where containerd would go on without it, and `denied` or `io` for one that cannot be read.
    package func file(for registry: String) throws -> HostsFile? {
        for name in Self.names(for: registry) {
            let folder = "\(path)/\(name)"
            var status = stat()
            guard stat(folder, &status) == 0 else {
                guard errno == ENOENT || errno == ENOTDIR else { throw HermesError.file("read", folder, .last) }
                continue
            }
            return try Self.load(folder)
        }
        return nil
    }

    /// The folders' names for a registry, best first. A port is written "_5000_" where a colon cannot be.
    static func names(for registry: String) -> [String] {
        guard let colon = registry.lastIndex(of: ":"), !registry.hasSuffix("]") else {
            return [registry, "_default"]
        }
        return ["\(registry[..<colon])_\(registry[registry.index(after: colon)...])_", registry, "_default"]
    }

    private static func load(_ folder: String) throws -> HostsFile {
        let path = "\(folder)/hosts.toml"
        var bytes: [UInt8] = []
        do {
            bytes = try LocalFile.read(path, limit: HostsFile.sizeLimit)
        } catch let error as HermesError where error.code == .notFound {}
        guard !bytes.isEmpty else { return try certificates(folder) }
        do {
            var file = try HostsFile.parse(bytes)
            file.server.makeAbsolute(in: folder)
            for index in file.hosts.indices { file.hosts[index].makeAbsolute(in: folder) }
            return file
        } catch {
            throw HermesError(.corrupt, "\(path) is not valid", cause: error)
        }
    }

    /// Docker's naming: *.crt are authorities; NAME.cert is a client's certificate and NAME.key its key.
    private static func certificates(_ folder: String) throws -> HostsFile {
        var file = HostsFile()
        let names = try entries(folder)
        for name in names.sorted() {
            if name.hasSuffix(".crt") { file.server.authorities.append("\(folder)/\(name)") }
            if name.hasSuffix(".cert") {
                let key = "\(name.dropLast(5)).key"
                file.server.clients.append(
                    .init(
                        certificate: "\(folder)/\(name)", key: names.contains(key) ? "\(folder)/\(key)" : nil))
            }
        }
        return file
    }

    private static func entries(_ folder: String) throws -> Set<String> {
        do { return Set(try FolderListing.names(in: folder)) } catch { throw HermesError.file("read", folder, error) }
    }
}

extension HostsFile.Host {
    fileprivate mutating func makeAbsolute(in folder: String) {
        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
        authorities = authorities.map(absolute)
        clients = clients.map { .init(certificate: absolute($0.certificate), key: $0.key.map(absolute)) }
    }
}
