import Glibc
import HermesSupport

/// Which proxy leads to a URL, as the environment says (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY). The rules are those
/// of Go's programs, so that Hermes takes the way that containerd on the same node takes; but where Go passes over a URL that
/// cannot be used and asks without a proxy, every request that would go through it fails and says why. A value.
package struct ProxySettings: Sendable {
    private let http: Result<HTTPProxy, HermesError>?
    private let https: Result<HTTPProxy, HermesError>?
    private let exceptions: [Exception]

    /// A host or network that is reached without a proxy.
    private enum Exception: Sendable, Equatable {
        case everything
        /// An address's leading bits.
        case network([UInt8], bits: Int, port: Int?)
        /// A host's name, with or without itself, with all below it.
        case domain(String, includesItself: Bool, port: Int?)
    }

    /// Reads and parses the variables by `variable`, which gives nil for one that is missing. Upper case counts more.
    package init(variable: (String) -> String?) {
        func find(_ name: String) -> (name: String, value: String)? {
            for name in [name, name.lowercased()] {
                if let value = variable(name) { return (name, value) }
            }
            return nil
        }
        func proxy(_ name: String) -> Result<HTTPProxy, HermesError>? {
            (find(name) ?? find("ALL_PROXY")).map { found in
                Result { try HTTPProxy(found.value, from: found.name) }.mapError { .from($0) }
            }
        }
        http = proxy("HTTP_PROXY")
        https = proxy("HTTPS_PROXY")
        exceptions = (find("NO_PROXY")?.value ?? "").split(separator: ",").compactMap {
            Self.exception($0.trimmingASCIISpace)
        }
    }

    /// This process's environment, as it is now.
    package static var environment: ProxySettings { ProxySettings(variable: EnvironmentVariable.value) }

    /// The proxy on the way to `url`; nil when there is none. This machine itself is never asked through a proxy.
    /// Throws `usage` when the variable that names the proxy does not hold the URL of a proxy.
    package func proxy(for url: HTTPURL) throws -> HTTPProxy? {
        guard let proxy = url.scheme == "https" ? https : http, !HTTPURL.isLoopback(url.host) else { return nil }
        let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        let address = Self.address(host)
        let isExcepted = exceptions.contains { exception in
            switch exception {
            case .everything: true
            case .network(let network, let bits, let port):
                (port ?? url.port) == url.port && address.map { Self.shares(bits, network, $0) } == true
            case .domain(let name, let includesItself, let port):
                (port ?? url.port) == url.port && (host.hasSuffix("." + name) || includesItself && host == name)
            }
        }
        return isExcepted ? nil : try proxy.get()
    }

    private static func exception(_ text: String) -> Exception? {
        let text = text.lowercased()
        if text == "*" { return .everything }
        if let slash = text.firstIndex(of: "/") {
            guard let network = address(String(text[..<slash])),
                let bits = Int64(strictDigits: text[text.index(after: slash)...]), bits <= network.count * 8
            else { return nil }
            return .network(network, bits: Int(bits), port: nil)
        }
        if let network = address(text) { return .network(network, bits: network.count * 8, port: nil) }
        var host = text[...]
        var port: Int?
        if let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]) {
            host = text[..<colon]
            port = Int(number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if let network = address(String(host)) { return .network(network, bits: network.count * 8, port: port) }
        if host.hasPrefix("*.") { host = host.dropFirst() }
        let name = host.hasPrefix(".") ? host.dropFirst() : host
        guard !name.isEmpty else { return nil }
        return .domain(String(name), includesItself: name.startIndex == host.startIndex, port: port)
    }

    /// The 4 or 16 bytes of a numeric address; nil for a name.
    private static func address(_ text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            // inet_pton(3) writes as many bytes as the family's addresses have.
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func shares(_ bits: Int, _ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return (0..<left.count).allSatisfy { index in
            let rest = bits - index * 8
            let mask: UInt8 = rest >= 8 ? 0xff : rest <= 0 ? 0 : ~(0xff >> UInt8(rest))
            return left[index] & mask == right[index] & mask
        }
    }
}
