import HermesCore
import HermesHTTP
import HermesTestKit

@testable import HermesDaemon

/// The stand-in of Fixtures/controller.py; it ends with the last reference to this.
final class ControllerTestServer: Sendable {
    static let imageName = "registry.example/app"
    static let indexBytes = Array(String(repeating: "index", count: 200).utf8)
    static let ztocBytes = (0..<5 << 20).map { UInt8(truncatingIfNeeded: $0) }

    private let process: TestProcess
    private let port: Int
    let http: HTTPClient

    init() throws {
        process = try TestProcess(python: Fixture.path("controller.py"))
        guard let port = Int(process.line()) else { throw TestProcess.Failed(description: "no controller") }
        self.port = port
        http = try HTTPClient()
    }

    /// A client of its own, with its own circuit, of a controller that behaves as `mode` says.
    /// A client that leaves the controller alone for longer than any test takes once it has failed.
    func client(_ mode: String) throws -> ControllerClient {
        ControllerClient(
            try HTTPURL("http://127.0.0.1:\(port)/\(mode)"), http: http,
            circuit: ControllerCircuit(firstPause: 600_000), node: nil, tokenFile: nil)
    }

    /// How many requests came to a mode.
    func count(_ mode: String) async throws -> String {
        let request = HTTPRequest("GET", try HTTPURL("http://127.0.0.1:\(port)/count/\(mode)"))
        return String(decoding: try await http.send(request, limit: 100).body, as: UTF8.self)
    }

    /// The digest of the image that it knows.
    static func imageDigest() throws -> Digest { try Digest("sha256:" + String(repeating: "d", count: 64)) }

    static func descriptor(_ bytes: [UInt8]) -> Descriptor {
        Descriptor(mediaType: SOCIIndex.mediaType, digest: Digest.of(bytes), size: Int64(bytes.count))
    }
}
