import HermesSupport
import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite struct HTTPClientTests {
    private static let shared = Result { try HTTPTestServer() }
    private let server: HTTPTestServer

    init() throws { server = try Self.shared.get() }

    @Test func answersAreCollectedUpToTheirLimit() async throws {
        let client = try HTTPClient()
        let body = testBytes(300_001, seed: 1)
        let request = try server.request("/text/1000", method: "POST", body: .bytes(body))
        let answer = try await client.send(request, limit: body.count)
        #expect(answer.head.status == 200)
        #expect(answer.body == body)
        let error = await #expect(throws: HermesError.self) {
            try await client.send(request, limit: body.count - 1)
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test func aCancelledTaskEndsItsRequest() async throws {
        let client = try HTTPClient()
        let request = try server.request("/silent")
        let task = Task { try await client.send(request, limit: 1) }
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
    }

    /// What runs ends, what comes later is refused, and both say why.
    @Test func aClosedClientAnswersNothing() async throws {
        let client = try HTTPClient()
        let stream = Task { [server] in try await client.send(server.request("/silent"), limit: 1) }
        // An answer says that the loop runs; the other request may have come to it or may be refused.
        try await server.text("/sent/closed", client)
        try await onBlockingThread {
            client.close()
            client.close()
        }
        let running = await #expect(throws: HermesError.self) { try await stream.value }
        #expect(running?.code == .interrupted)
        let late = await #expect(throws: HermesError.self) { try await server.text("/sent/closed", client) }
        #expect(late?.code == .interrupted)
        #expect(throws: HermesError.self) { try client.perform {} }
    }

    /// A credential helper that outlives a transfer would keep its connection open.
    @Test func aProgramInheritsNoConnection() async throws {
        let client = try HTTPClient()
        var request = try server.request("/watch/inherited")
        request.stallLimit = nil
        let stream = try await client.lines(request)
        // lsof(8) would do; Python needs nothing installed. Prints the ports that its inherited sockets are connected to.
        let program = """
            import os, socket
            for name in os.listdir("/proc/self/fd"):
                try: print("to", socket.socket(fileno=int(name)).getpeername()[1])
                except (OSError, ValueError, IndexError): pass
            os._exit(0)
            """
        let ports = try await onBlockingThread { try TestProcess.run(["python3", "-uc", program]) }
        #expect(!ports.split(separator: "\n").contains("to \(server.port)"))
        withExtendedLifetime(stream) {}
    }
}
