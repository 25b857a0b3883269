import HermesSupport

/// The token that a node sends to its controller, in a file that may change: a token of a service account runs out, and its file is
/// written anew before.
struct NodeToken: Sendable {
    /// The longest token, in bytes: what the controller takes in a header.
    private static let limit = 15 << 10

    let path: String

    /// The token as the file has it now. Throws the error of the file, and `corrupt` for one that holds no token.
    func read() throws -> String {
        let bytes = try LocalFile.read(path, limit: Self.limit)
        let token = String(decoding: bytes, as: UTF8.self).trimmingASCIISpace
        // It becomes a header. The error does not hold it.
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw HermesError(.corrupt, "the file \(path.printable(300)) holds no token")
        }
        return String(token)
    }
}
