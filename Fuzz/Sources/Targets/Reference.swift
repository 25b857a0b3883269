@testable import HermesCore
@testable import HermesHTTP

extension FuzzTarget {
    /// Image references, platforms and digests, one to a line.
    static let reference = FuzzTarget(name: "reference") { bytes in
        var input = FuzzInput(bytes)
        let text = input.text()
        let platform = input.text()
        if let parsed = try? Platform(parsing: platform) {
            check(parsed.rank(of: parsed) == 0, "\(parsed) does not match itself")
            check(try Platform(parsing: parsed.description) == parsed, "\(parsed) is another when read again")
        }
        if let digest = try? Digest(input.text()) {
            check(try Digest(digest.description) == digest, "\(digest) is another when read again")
        }
        let reference = try Reference(text)
        _ = HTTPURL.isLoopback(reference.registry)
        check(try Reference(reference.description) == reference, "\(reference) is another when read again")
        // It becomes part of URLs and paths.
        let harmless = reference.description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        check(harmless && !reference.repository.contains(".."), "\(reference) reaches elsewhere")
        check(try HTTPURL("https://\(reference.apiHost)/v2/").path == "/v2/", "\(reference) is no host")
    }
}
