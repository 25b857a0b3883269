import Glibc
import HermesTestKit

@testable import HermesCore

/// nginx with TLS before another server. It can want a client's certificate, which is its own authority.
final class RegistryTestFront: Sendable {
    let folder: TestFolder
    let process: TestProcess
    let port: Int

    /// The files of the server's certificate and of the client's, with their keys.
    var certificate: String { "\(folder.path)/server.crt" }
    var clientCertificate: String { "\(folder.path)/client.crt" }
    var clientKey: String { "\(folder.path)/client.key" }

    init(before target: Int, wantsCertificate: Bool) throws {
        folder = try TestFolder()
        port = try TestPort.free()
        let path = folder.path
        for name in ["server", "client"] {
            try TestProcess.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:registry.test",
                "-keyout",
                "\(path)/\(name).key", "-out", "\(path)/\(name).crt",
            ])
        }
        let verify = wantsCertificate ? "ssl_client_certificate \(path)/client.crt; ssl_verify_client on;" : ""
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(path)/\($0);" }.joined(separator: " ")
        let config = """
            user \(geteuid() == 0 ? "root" : "nobody");
            master_process off; daemon off; pid \(path)/pid; error_log \(path)/error.log;
            events {}
            http {
              access_log off; \(temporary)
              server {
                listen 127.0.0.1:\(port) ssl; listen [::1]:\(port) ssl;
                ssl_certificate \(path)/server.crt; ssl_certificate_key \(path)/server.key; \(verify)
                location / { proxy_pass http://127.0.0.1:\(target); proxy_http_version 1.1; }
              }
            }
            """
        let file = try folder.write("nginx.conf", Array(config.utf8))
        process = try TestProcess(untilClosed: ["nginx", "-e", "\(path)/error.log", "-c", file])
        try TestPort.waitUntilOpen(port)
    }
}
