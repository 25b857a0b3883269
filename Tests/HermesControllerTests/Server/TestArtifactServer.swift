import HermesSupport
import HermesTestKit
import Logging
import NIOCore

@testable import HermesController

/// A server over a store of its own, which ends with the last reference to it.
final class TestArtifactServer: Sendable {
    let folder: TestFolder
    let store: ArtifactStore
    let questions = NodeQuestions()
    let port: Int
    private let run: Task<Void, any Error>

    init(
        access: ArtifactAccess = .open, tls: (certificates: String, key: String)? = nil,
        bounds: ArtifactServer.Bounds = .init(), unready: @escaping @Sendable () -> String? = { nil }
    ) async throws {
        let folder = try TestFolder()
        let store = try ArtifactStore("\(folder.path)/store")
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = ArtifactServer(
            { store }, .init(host: "127.0.0.1", port: 0, access: access, tls: tls), bounds, questions: questions,
            log: log,
            metrics: { [.gauge("hermes_test_value", "A value.", 7)] }, unready: unready)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        run = Task {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        var found: Int?
        for await port in ports {
            found = port
            break
        }
        guard let found else {
            try await run.value
            throw TestProcess.Failed(description: "the server does not listen")
        }
        (self.folder, self.store, port) = (folder, store, found)
    }

    deinit { run.cancel() }

    /// Ends the server, and waits for it.
    func stop() async {
        run.cancel()
        _ = await run.result
    }

    /// Runs a dialogue over a connection of its own, on a thread that may block. It checks with `#require`, because an
    /// expectation there belongs to no test.
    func with<Value: Sendable>(_ body: @escaping @Sendable (TestConnection) throws -> Value) async throws -> Value {
        try await onBlockingThread { [port] in try body(try TestConnection(port)) }
    }

    /// One request over a connection of its own.
    func ask(_ target: String, method: String = "GET", _ headers: [String] = []) async throws -> TestConnection.Answer {
        try await with { try $0.ask(target, method: method, headers) }
    }

    /// The store's calls block.
    func artifact(_ name: String, _ ztocs: [[UInt8]]) async throws -> Artifact {
        try await onBlockingThread { [store] in try TestArtifacts.finish(name, ztocs, in: store) }
    }
}
