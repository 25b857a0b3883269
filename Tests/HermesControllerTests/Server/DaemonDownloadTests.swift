import HermesCore
import HermesDaemon
import HermesHTTP
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesController

/// A daemon's client against the real server of artifacts.
@Suite(.timeLimit(.minutes(2))) struct DaemonDownloadTests {
    /// One that shrinks, one that is too small to be compressed, and one that does not shrink.
    @Test func aDaemonReadsZTOCsOfAnyKind() async throws {
        let server = try await TestArtifactServer()
        let ztocs = [[UInt8](repeating: 7, count: 3 << 20), [1, 2, 3], testBytes(100_000, seed: 1)]
        _ = try await server.artifact("app", ztocs)
        let client = ControllerClient(try HTTPURL("http://127.0.0.1:\(server.port)"), http: try HTTPClient())
        for ztoc in ztocs {
            let blob = Descriptor(
                mediaType: "application/octet-stream", digest: Digest.of(ztoc), size: Int64(ztoc.count))
            let bytes = try await onBlockingThread {
                let file = try client.download(blob, in: server.folder.path, timeLimit: 60)
                return withExtendedLifetime(file) { Array(file.readOnly) }
            }
            #expect(bytes == ztoc)
        }
    }
}
