import CCurl
import HermesSupport

/// An absolute http or https URL.
///
/// libcurl's parser takes it apart, the same that later connects: two parsers that disagree about the host of a hostile
/// URL would send credentials to the wrong one.
package struct HTTPURL: Hashable, Sendable {
    /// The URL as it goes to libcurl, without a fragment.
    package let text: String
    /// "http" or "https".
    package let scheme: String
    /// The host in lower case; an IPv6 address is in brackets.
    package let host: String
    /// The port, also where it is the scheme's own.
    package let port: Int
    /// The path, starting with a slash.
    package let path: String
    /// Whether there is a query.
    package let hasQuery: Bool

    /// The longest URL that is accepted, in bytes; signed URLs of object stores have up to 4 KiB.
    package static let limit = 32 << 10

    /// Parses `text`; with `base`, a relative reference is resolved against it (RFC 3986 section 5). Throws
    /// `protocolViolation` when the text is not an http or https URL, and for a URL with a user name in it.
    package init(_ text: String, relativeTo base: HTTPURL? = nil) throws {
        func fail(_ why: String) -> HermesError {
            HermesError(
                .protocolViolation, "\"\(Self.redact(text))\" is not a URL that Hermes follows: \(why)")
        }
        guard let handle = curl_url() else { throw HermesError(.system, "out of memory") }
        defer { curl_url_cleanup(handle) }

        guard text.utf8.count <= Self.limit else { throw fail("it is too long") }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw fail("it has control characters")
        }
        if let base { curl_url_set(handle, CURLUPART_URL, base.text, 0) }
        // A Location header may hold raw spaces and UTF-8, which browsers and Docker encode.
        let flags = UInt32(CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_ALLOW_SPACE)
        let status = curl_url_set(handle, CURLUPART_URL, text, flags)
        guard status == CURLUE_OK else {
            throw fail(String(cString: curl_url_strerror(status)).lowercased())
        }
        curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)

        func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
            var out: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &out, UInt32(flags)) == CURLUE_OK, let out else { return nil }
            defer { curl_free(out) }
            return String(cString: out)
        }
        guard let scheme = part(CURLUPART_SCHEME)?.lowercased(), scheme == "http" || scheme == "https" else {
            throw fail("its scheme is neither http nor https")
        }
        guard let host = part(CURLUPART_HOST), !host.isEmpty,
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ Int($0) }),
            let whole = part(CURLUPART_URL)
        else { throw fail("it has no host") }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        self.path = part(CURLUPART_PATH) ?? "/"
        self.hasQuery = part(CURLUPART_QUERY) != nil
        self.text = whole
    }

    /// Scheme, host and port: the unit to which a credential may be sent.
    package var origin: String { "\(scheme)://\(host):\(port)" }

    /// The URL fit for a message: without the query, which in signed URLs is a credential.
    package var display: String {
        let standard = port == (scheme == "https" ? 443 : 80)
        return "\(scheme)://\(host)\(standard ? "" : ":\(port)")\(path.printable(300))"
    }

    /// The same URL with `name=value` added to the query; the value is percent-encoded.
    package func adding(_ name: String, _ value: String) throws -> HTTPURL {
        try HTTPURL("\(text)\(hasQuery ? "&" : "?")\(name)=\(Self.encode(value))")
    }

    /// Whether a host, with or without a port, is this machine itself.
    package static func isLoopback(_ host: String) -> Bool {
        var name = Substring(host)
        if let colon = name.lastIndex(of: ":"), name.last != "]" { name = name[..<colon] }
        if name == "localhost" || name == "[::1]" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    package static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case _ where byte.isAlphanumeric: out.append(byte)
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Cuts query and user name off a text that may not even be a URL.
    package static func redact(_ text: String) -> String {
        var text = text.prefix { $0 != "?" && $0 != "#" }
        if let at = text.lastIndex(of: "@") {
            let start = text.range(of: "://")?.upperBound ?? text.startIndex
            if start <= at { text = text[..<start] + text[text.index(after: at)...] }
        }
        return text.printable(300)
    }
}

extension Substring {
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
