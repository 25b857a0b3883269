import Glibc

/// Finds the certificate authorities. A static libcurl knows only the path of the distribution it was built on.
package enum CABundle {
    /// Where Debian, Red Hat, SUSE and Alpine keep them.
    private static let paths = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// The file named by SSL_CERT_FILE, or the first that exists; nil leaves libcurl's own.
    package static func find() -> String? {
        if let named = getenv("SSL_CERT_FILE"), named.pointee != 0 { return String(cString: named) }
        return paths.first { access($0, R_OK) == 0 }
    }
}
