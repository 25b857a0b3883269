import Glibc
import HermesHTTP
import HermesSupport
import HermesTestKit
import Synchronization
import Testing

@testable import HermesKubernetes

/// Real programs and files, on a clock of the test's own.
@Suite struct ClusterAuthenticatorTests {
    private let folder: TestFolder
    private let clock = Clock()

    private final class Clock: Sendable {
        let now = Mutex(Monotonic.now())
        func advance(milliseconds: Int) { now.withLock { $0 = $0.adding(milliseconds: milliseconds) } }
    }

    init() throws { folder = try TestFolder() }

    private func authenticator(_ credentials: ClusterCredentials) throws -> ClusterAuthenticator {
        let server = try HTTPURL("https://k8s.example:6443")
        let configuration = ClusterConfiguration(server: server, authorities: [1, 2], credentials: credentials)
        return ClusterAuthenticator(configuration) { [clock] in clock.now.withLock { $0 } }
    }

    /// A plug-in that prints `answer`, and appends a line to the file "runs".
    private func plugin(_ answer: String, status: Int = 0, version: String = "v1") throws -> ExecPlugin {
        let script =
            "#!/bin/sh\necho \"$KUBERNETES_EXEC_INFO $1 $NAME\" >> \(folder.path)/runs\ncat <<'END'\n\(answer)\nEND\n"
        let path = try folder.write("plugin", Array("\(script)exit \(status)\n".utf8))
        chmod(path, 0o700)
        return ExecPlugin(
            command: path, arguments: ["argument"], environment: [("NAME", "value")],
            apiVersion: "client.authentication.k8s.io/\(version)", providesCluster: true)
    }

    private func answer(_ status: String, version: String = "v1") -> String {
        """
        {"apiVersion": "client.authentication.k8s.io/\(version)", "kind": "ExecCredential", "status": {\(status)}}
        """
    }

    private var runs: [Substring] {
        get throws { try LocalFile.read("\(folder.path)/runs", limit: 1 << 20).text.split(separator: "\n") }
    }

    @Test func aTokenFileIsReadAgain() async throws {
        let path = try folder.write("token", Array("one\n".utf8))
        let authenticator = try authenticator(.tokenFile(path))
        #expect(try await authenticator.access().token == "one")
        _ = try folder.write("token", Array("two".utf8))
        #expect(try await authenticator.access().token == "one")
        clock.advance(milliseconds: 60_000)
        #expect(try await authenticator.access().token == "two")
        // A file that is gone for a moment does not end the client; a refusal does.
        unlink(path)
        clock.advance(milliseconds: 60_000)
        let access = try await authenticator.access()
        #expect(access.token == "two")
        #expect(authenticator.refused(access))
        let error = await #expect(throws: HermesError.self) { try await authenticator.access() }
        #expect(error?.code == .notFound)
    }

    @Test(arguments: ["v1", "v1beta1"]) func aProgramIsRunWithItsWords(version: String) async throws {
        let plugin = try plugin(answer(#""token": "secret""#, version: version), version: version)
        let authenticator = try authenticator(.plugin(plugin))
        #expect(try await authenticator.access().token == "secret")
        let info = """
            {"apiVersion":"client.authentication.k8s.io/\(version)","kind":"ExecCredential","spec":{"cluster":\
            {"certificate-authority-data":"AQI=","server":"https://k8s.example:6443/"},"interactive":false}}
            """
        #expect(try runs == ["\(info) argument value"])
        // Without an end it lasts until it is refused.
        clock.advance(milliseconds: 1_000_000_000)
        let access = try await authenticator.access()
        #expect(try runs.count == 1)
        #expect(authenticator.refused(access))
        _ = try await authenticator.access()
        #expect(try runs.count == 2)
        // A refusal of what was replaced meanwhile is no reason to ask again.
        #expect(authenticator.refused(access))
        _ = try await authenticator.access()
        #expect(try runs.count == 2)
    }

    @Test func aProgramIsAskedAgainAtTheEnd() async throws {
        // A day, so that the time that this test itself takes does not matter.
        var end = Timestamp.now()
        end.seconds += 86_400
        let plugin = try plugin(answer(#""token": "secret", "expirationTimestamp": "\#(end.rfc3339)""#))
        let authenticator = try authenticator(.plugin(plugin))
        async let first = authenticator.access()
        async let second = authenticator.access()
        _ = try await (first, second)
        #expect(try runs.count == 1)
        clock.advance(milliseconds: 80_000_000)
        _ = try await authenticator.access()
        #expect(try runs.count == 1)
        clock.advance(milliseconds: 6_400_000)
        _ = try await authenticator.access()
        #expect(try runs.count == 2)
    }

    /// The program waits until the file "go" is there.
    @Test(.timeLimit(.minutes(1))) func aCallerCanStopWaitingForAProgram() async throws {
        var plugin = try plugin(answer(#""token": "secret""#))
        plugin.arguments = [
            "-c", "until [ -e \"$0/go\" ]; do sleep 0.05; done; exec \"$1\" x", folder.path, plugin.command,
        ]
        plugin.command = "sh"
        let authenticator = try authenticator(.plugin(plugin))
        let task = Task { try await authenticator.access().token }
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
        _ = try folder.write("go", [])
        #expect(try await authenticator.access().token == "secret")
        #expect(try runs.count == 1)
    }

    @Test func aProgramCanGiveACertificate() async throws {
        let plugin = try plugin(answer(#""clientCertificateData": "CERT", "clientKeyData": "KEY""#))
        let status = try await onBlockingThread {
            try plugin.run(for: ClusterConfiguration(server: HTTPURL("https://k")))
        }
        let (identity, lifetime) = try ClusterAuthenticator.identity(status, of: plugin, now: .now())
        guard case .pem(let certificate, let key) = identity.client else {
            Issue.record("no certificate")
            return
        }
        #expect([certificate.text, key.text] == ["CERT", "KEY"])
        #expect(identity.token == nil && lifetime == nil)
    }

    @Test(arguments: [
        (#""token": "hunter2", "expirationTimestamp": "hunter2""#, "v1", 0),
        (#""token": "hunter2 x""#, "v1", 0),
        (#""token": """#, "v1", 0),
        (#""clientCertificateData": "hunter2""#, "v1", 0),
        (#""token": "hunter2""#, "v1beta1", 0),
        (#""token": "hunter2""#, "v1", 3),
        (#""token": {"hunter2": 1}"#, "v1", 0),
    ])
    func aBadAnswerIsRefusedWithoutShowingIt(_ fields: String, version: String, status: Int) async throws {
        let plugin = try plugin(answer(fields, version: version), status: status)
        let authenticator = try authenticator(.plugin(plugin))
        let error = await #expect(throws: HermesError.self) { try await authenticator.access() }
        #expect(error?.code == .denied || error?.code == .corrupt)
        #expect(error.map { "\($0)".contains("hunter2") } == false, "\(String(describing: error))")
    }

    @Test(arguments: [(3605, 3_600_000), (-10, 1000), (1_000_000, 86_400_000)])
    func theLifetimeIsWithinBounds(seconds: Int64, milliseconds: Int) throws {
        let now = Timestamp(seconds: 1_800_000_000)
        let end = Timestamp(seconds: now.seconds + seconds).rfc3339
        let status = ExecPlugin.Answer.Status(expirationTimestamp: end, token: "t")
        let plugin = ExecPlugin(command: "x")
        #expect(try ClusterAuthenticator.identity(status, of: plugin, now: now).lifetime == milliseconds)
    }

    @Test func whatDoesNotChangeIsNotAskedForAgain() async throws {
        for credentials in [.none, .token("t"), .certificate(.bytes([1]), key: .bytes([2]))] as [ClusterCredentials] {
            let authenticator = try authenticator(credentials)
            #expect(!authenticator.refused(try await authenticator.access()))
        }
    }
}
