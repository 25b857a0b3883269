/// Debian's docker-registry on a free port of loopback, empty at first. It ends with the last reference to this.
package final class TestRegistry: Sendable {
    /// Where its data, its configuration and its certificate lie.
    package let folder: TestFolder
    package let port: Int
    private let process: TestProcess

    /// "hermes:secret", bcrypt.
    private static let passwords = "hermes:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"

    /// With `password` it wants the login hermes:secret, with `tls` it has a certificate of its own.
    package init(password: Bool = false, tls: Bool = false) throws {
        folder = try TestFolder()
        port = try TestPort.free()
        var http = "addr: '127.0.0.1:\(port)'"
        if tls {
            let key = folder.path + "/key"
            let certificate = folder.path + "/certificate"
            try TestProcess.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=hermes test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ])
            http += ", tls: {certificate: \(certificate), key: \(key)}"
        }
        var lines = [
            "version: 0.1", "log: {level: error, accesslog: {disabled: true}}",
            "storage: {filesystem: {rootdirectory: \(folder.path)/data}, delete: {enabled: true}}", "http: {\(http)}",
        ]
        if password {
            let file = try folder.write("htpasswd", Array(Self.passwords.utf8))
            lines.append("auth: {htpasswd: {realm: 'the test', path: '\(file)'}}")
        }
        let config = try folder.write("config.yml", Array(lines.joined(separator: "\n").utf8))
        process = try TestProcess(untilClosed: ["docker-registry", "serve", config])
        try TestPort.waitUntilOpen(port)
    }

    /// The certificate of a registry with TLS, which is its own authority.
    package var certificate: String { folder.path + "/certificate" }

    /// Copies an image of a layout (DIR:TAG) to `name` (REPOSITORY:TAG) of this registry, byte by byte.
    package func push(layout: String, to name: String, login: String? = nil) throws {
        let credentials = login.map { ["--dest-creds", $0] } ?? []
        try TestProcess.run(
            ["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false"] + credentials
                + ["oci:\(layout)", "docker://127.0.0.1:\(port)/\(name)"])
    }
}
