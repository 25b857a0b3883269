import Glibc
import HermesCore
import HermesSupport
import HermesTestKit
import NIOCore
import Testing

@testable import HermesController

/// What clients can do to a server and to each other.
@Suite(.timeLimit(.minutes(5))) struct ArtifactServerBoundsTests {
    private static func request(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n" }

    @Test func hugeRequestsAreRefused() async throws {
        let server = try await TestArtifactServer()
        for text in [
            "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 1 << 20))\r\n\r\n",
            "GET /healthz HTTP/1.1\r\n\(String(repeating: "X: a\r\n", count: 10_000))\r\n",
            "GET /\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\nHost: x\r\n\r\n",
            String(repeating: "a", count: 1 << 20), "GET /healthz HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n",
        ] {
            try await server.with { connection throws in
                connection.send(text)
                // The connection may end before the answer is read, as bytes of the request are left.
                if let answer = try? connection.answer() { try #require(answer.status == 400) }
                if text.count > 1 << 19 { _ = try connection.readToEnd() }
            }
        }
        #expect(try await server.ask("/healthz").status == 200)
    }

    @Test func aSlowReaderHoldsUpNobody() async throws {
        let server = try await TestArtifactServer()
        let bytes = testBytes(64 << 20, seed: 1)
        let made = try await server.artifact("app", [bytes])
        let path = "/v1/blobs/\(made.layers[0].digest)"
        let port = server.port
        try await onBlockingThread { () throws in
            // More of them than the server has threads.
            let slow = try (0..<10).map { _ in try TestConnection(port, room: 4096) }
            for connection in slow {
                connection.send(Self.request(path))
                try #require(connection.head().status == 200)
            }
            let fast = try TestConnection(port)
            for _ in 0..<20 { try #require(fast.ask("/v1/artifacts").status == 200) }
            try #require(fast.ask(path).body == bytes)
            // They come to their end as well.
            try #require(slow[9].read(bytes.count) == bytes)
        }
    }

    @Test func aClientThatLeavesMidBlobFreesIt() async throws {
        let server = try await TestArtifactServer()
        let made = try await server.artifact("app", [testBytes(64 << 20, seed: 1)])
        let digest = made.layers[0].digest
        try await server.with { connection throws in
            connection.send(Self.request("/v1/blobs/\(digest)"))
            try #require(connection.head().status == 200)
            try #require(server.store.isOpen(digest))
        }
        while server.store.isOpen(digest) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try await server.ask("/healthz").status == 200)
    }

    @Test func aClientThatTakesNothingIsLeft() async throws {
        var bounds = ArtifactServer.Bounds()
        bounds.stall = .milliseconds(200)
        let server = try await TestArtifactServer(bounds: bounds)
        let made = try await server.artifact("app", [testBytes(64 << 20, seed: 1)])
        let digest = made.layers[0].digest
        let port = server.port
        try await onBlockingThread { () throws in
            let connection = try TestConnection(port, room: 4096)
            connection.send(Self.request("/v1/blobs/\(digest)"))
            try #require(connection.head().status == 200)
            while server.store.isOpen(digest) { usleep(10_000) }
            try #require(connection.readToEnd() < 64 << 20)
        }
    }

    @Test func idleAndUnfinishedRequestsEnd() async throws {
        var bounds = ArtifactServer.Bounds()
        bounds.idle = .milliseconds(200)
        let server = try await TestArtifactServer(bounds: bounds)
        for text in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: "] {
            try await server.with { connection throws in
                connection.send(text)
                try #require(connection.readToEnd() == 0)
            }
        }
        // After an answer as well.
        try await server.with { connection throws in
            try #require(connection.ask("/healthz").status == 200)
            try #require(connection.readToEnd() == 0)
        }
    }

    @Test func aRequestWithABodyIsTheLastOne() async throws {
        var bounds = ArtifactServer.Bounds()
        // The client could send its body for ever.
        bounds.idle = .hours(1)
        let server = try await TestArtifactServer(bounds: bounds)
        for (method, length) in [("POST", "Content-Length: 1000000000"), ("GET", "Transfer-Encoding: chunked")] {
            try await server.with { connection throws in
                let answer = try connection.ask("/healthz", method: method, [length])
                try #require(answer.status == (method == "GET" ? 200 : 405))
                try #require(answer.headers["connection"] == "close")
                try #require(connection.readToEnd() == 0)
            }
        }
    }

    @Test func connectionsBeyondTheBoundWait() async throws {
        var bounds = ArtifactServer.Bounds()
        bounds.connections = 2
        let server = try await TestArtifactServer(bounds: bounds)
        let port = server.port
        try await onBlockingThread { () throws in
            var open = try (0..<2).map { _ in try TestConnection(port) }
            for connection in open { try #require(connection.ask("/healthz").status == 200) }
            let third = try TestConnection(port)
            third.send(Self.request("/healthz"))
            for _ in 0..<20 { try #require(open[0].ask("/healthz").status == 200) }
            try #require(!third.hasBytes)
            open = []
            try #require(third.answer().status == 200)
        }
    }
}
