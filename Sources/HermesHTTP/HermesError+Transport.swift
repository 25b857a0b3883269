import CCurl
import HermesSupport

extension HermesError {
    /// The error that libcurl ended a transfer with. `detail` is its own text for it, which names hosts but no URL. Where it
    /// is about a proxy and may hold a URL all the same, the general text for `code` stands in: a proxy's URL can have a
    /// password.
    package static func transport(_ code: CURLcode, url: HTTPURL, detail: String) -> HermesError {
        let fallback = String(cString: curl_easy_strerror(code))
        let mayHaveSecret = detail.lowercased().contains("proxy") && (detail.contains("@") || detail.contains("://"))
        let why = (detail.isEmpty || mayHaveSecret ? fallback : detail).printable(300)
        let host = url.origin
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            return HermesError(
                .protocolViolation, "\(host) shows a certificate that cannot be verified: \(why)",
                advice: "install its certificate authority, or name the file that has it in SSL_CERT_FILE")
        case CURLE_SSL_CONNECT_ERROR:
            return HermesError(
                .unavailable, "cannot talk TLS with \(host): \(why)",
                advice: "if it is a registry without TLS, ask for plain HTTP")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
            CURLE_TOO_MANY_REDIRECTS:
            return HermesError(.protocolViolation, "\(host) does not speak HTTP as it should: \(why)")
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT:
            return HermesError(.system, "cannot ask \(host): \(why)")
        case CURLE_ABORTED_BY_CALLBACK, CURLE_READ_ERROR:
            return HermesError(.io, "cannot read the file that is sent to \(host)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY:
            return HermesError(.unavailable, "cannot reach \(host): \(why)")
        default:
            return HermesError(.unavailable, "the connection to \(host) broke: \(why)")
        }
    }

    /// `error` as it is, if it is one of ours; otherwise inside one.
    package static func from(_ error: any Error) -> HermesError {
        if let error = error as? HermesError { return error }
        if error is CancellationError { return HermesError(.interrupted, "cancelled") }
        return HermesError(.system, "unexpected failure", cause: error)
    }
}
