/// A place to listen at, as Go writes it: "127.0.0.1:9092", "[::1]:9092", "localhost:9092", ":9092".
package struct ListenAddress: Sendable, Equatable {
    /// A name or an address, IPv6 without brackets; empty for every address of this machine.
    package let host: String
    /// The port; 0 lets the system choose one.
    package let port: UInt16

    /// Reads "host:port"; nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let number = Int64(strictDigits: text[text.index(after: colon)...]), let port = UInt16(exactly: number)
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed {
            host = host.dropFirst().dropLast()
            guard !host.isEmpty, host.utf8.allSatisfy({ $0.isHexadecimal || $0 == 0x3a || $0 == 0x2e }) else {
                return nil
            }
        } else {
            guard host.utf8.allSatisfy({ $0.isAlphanumeric || $0 == 0x2d || $0 == 0x2e }) else { return nil }
        }
        guard host.utf8.count <= 253 else { return nil }
        self.host = String(host)
        self.port = port
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The text that `init` reads.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
