import Glibc

/// The name of a node in a cluster: a DNS subdomain of 1 to 253 bytes (RFC 1123), as the API server takes it.
package struct NodeName: Hashable, Sendable, CustomStringConvertible {
    /// The header by which a daemon names its node to a controller.
    package static let header = "Hermes-Node"

    package let description: String

    /// Nil for a text that is not the name of a node.
    package init?(_ text: String) {
        let isValid: (UInt8) -> Bool = { byte in
            byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
        guard (1...253).contains(text.utf8.count), text.utf8.allSatisfy(isValid) else { return nil }
        description = text
    }

    /// The name that a kubelet gives its node where it is told no other: the machine's host name in lower case. Nil where that is
    /// not a name of a node.
    package static var ofThisMachine: NodeName? {
        var name = [CChar](repeating: 0, count: 256)
        // A name that has no room has no end, so the last byte stays.
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return NodeName(String(decoding: bytes, as: UTF8.self).trimmingASCIISpace.lowercased())
    }
}
