/// A client's certificate and its key, in PEM. Its description leaves the bytes out: the key is a secret.
package enum HTTPClientCertificate: Sendable {
    /// The file of the certificate, and that of its key where it has one of its own.
    case files(certificate: String, key: String?)
    /// Both as bytes.
    case pem(certificate: [UInt8], key: [UInt8])
}

extension HTTPClientCertificate: CustomStringConvertible, CustomReflectable {
    package var description: String { "a client certificate" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
