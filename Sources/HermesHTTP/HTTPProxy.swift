import CCurl
import HermesSupport

/// A proxy on the way to a host. A value; its description and every error leave out name and password.
package struct HTTPProxy: Hashable, Sendable {
    /// Scheme, host and port as they go to libcurl, without name and password, which it would show in its errors.
    package let server: String
    /// The name for the proxy's login, decoded; nil without a login.
    let user: String?
    /// The password for the proxy's login, decoded; nil without a password.
    let password: String?

    /// The schemes that libcurl knows, with the ports that Go's programs take where the URL has none.
    private static let schemes = [
        "http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080,
    ]

    /// Parses a proxy's URL; without a scheme it is an http URL, as with Go. `source` says in errors where the URL was
    /// found. Throws `usage` when the text is not the URL of a proxy; the error never quotes a part of the text.
    package init(_ text: String, from source: String) throws {
        func fail(_ why: String) -> HermesError {
            HermesError(
                .usage, "\(source) is not a proxy's URL that can be used: \(why)",
                advice: "it is written http://NAME:PASSWORD@HOST:PORT, with other characters than letters and digits in"
                    + " name and password percent-encoded, as %2F for a slash")
        }
        guard let handle = curl_url() else { throw HermesError(.system, "out of memory") }
        defer { curl_url_cleanup(handle) }
        guard text.utf8.count <= HTTPURL.limit else { throw fail("it is too long") }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { throw fail("it has control characters") }
        let url = text.contains("://") ? text : "http://\(text)"
        let status = curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME))
        guard status == CURLUE_OK else { throw fail(String(cString: curl_url_strerror(status)).lowercased()) }

        func part(_ part: CURLUPart, _ flags: Int32 = 0) throws -> String? {
            var out: UnsafeMutablePointer<CChar>?
            let status = curl_url_get(handle, part, &out, UInt32(flags))
            // A part that is missing has a status of its own for each part; one that cannot be decoded is another matter.
            guard status != CURLUE_URLDECODE else { throw fail("its percent-encoding is wrong") }
            guard status == CURLUE_OK, let out else { return nil }
            defer { curl_free(out) }
            return String(cString: out)
        }
        guard let scheme = try part(CURLUPART_SCHEME)?.lowercased(), let standard = Self.schemes[scheme] else {
            throw fail("its scheme is none of http, https, socks4, socks4a, socks5, socks5h")
        }
        // In "http://name:12/3@host" the host is "name", which the user did not mean, and the rest is a password.
        for rest in [CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_FRAGMENT] {
            guard try part(rest)?.contains("@") != true else {
                throw fail("an @ stands behind the host, so its password is cut off at a /, ? or #")
            }
        }
        guard let host = try part(CURLUPART_HOST), !host.isEmpty else { throw fail("it has no host") }
        guard !host.contains("@") else { throw fail("it has two @, one of them unencoded") }
        server = "\(scheme)://\(host.lowercased()):\(try part(CURLUPART_PORT) ?? String(standard))"
        user = try part(CURLUPART_USER, CURLU_URLDECODE)
        password = try part(CURLUPART_PASSWORD, CURLU_URLDECODE)
    }
}

extension HTTPProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { server }
    package var debugDescription: String { server }
    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}
