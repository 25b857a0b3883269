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

    /// A file that is written anew counts for the next request.
    @Test func aDaemonSendsTheTokenThatItsFileHolds() async throws {
        let server = try await TestArtifactServer(access: .tokens { $0 == "second" })
        let made = try await server.artifact("app", [[1]])
        let platform = Platform(architecture: "amd64", os: "linux")
        let endpoint = try HTTPURL("http://127.0.0.1:\(server.port)")
        let file = "\(server.folder.path)/token"
        let client = ControllerClient(endpoint, http: try HTTPClient(), tokenFile: file)
        func resolve() async throws -> Descriptor? {
            try await client.resolve("docker.io/library/app", made.key.manifest, platform, timeLimit: 60)
        }
        for (text, code) in [(nil, .notFound), ("first\n", .denied), ("a b", .corrupt), (" \n", .corrupt)]
            as [(String?, HermesError.Code)]
        {
            if let text { _ = try server.folder.write("token", Array(text.utf8)) }
            let error = await #expect(throws: HermesError.self) { try await resolve() }
            #expect(error?.code == code)
            #expect(error.map { !"\($0)".contains("first") && !"\($0)".contains("a b") } == true)
        }
        _ = try server.folder.write("token", Array("second\n".utf8))
        #expect(try await resolve() == made.index)
        let none = ControllerClient(endpoint, http: try HTTPClient())
        let error = await #expect(throws: HermesError.self) {
            _ = try await none.resolve("docker.io/library/app", made.key.manifest, platform, timeLimit: 60)
        }
        #expect(error?.code == .denied)
    }
}
