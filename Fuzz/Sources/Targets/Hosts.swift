@testable import HermesCore
@testable import HermesHTTP

extension FuzzTarget {
    /// A hosts.toml, and the requests that its hosts would get.
    static let hosts = FuzzTarget(name: "hosts") { bytes in
        let file = try HostsFile.parse(Array(bytes))
        check(try HostsFile.parse(Array(bytes)) == file, "it is another when it is read again")
        check(file.hosts.count <= 64, "\(file.hosts.count) hosts")
        for host in file.hosts + [file.server] {
            check(host.dialTimeout ?? 0 >= 0, "a time-out of \(host.dialTimeout ?? 0) ms")
            // They become texts for C.
            let paths = host.authorities + host.clients.flatMap { [$0.certificate, $0.key ?? ""] } + [host.proxy ?? ""]
            check(!paths.contains { $0.utf8.contains(0) }, "a path with a NUL")
            for header in host.headers {
                let isLine = header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
                check(isLine && !header.name.isEmpty, "the header \(header.name) is no line")
            }
            guard let text = host.url, let url = try? HTTPURL(text) else { continue }
            check(url.scheme == "https" || url.scheme == "http", "\(text) is spoken to by \(url.scheme)")
        }
    }
}
