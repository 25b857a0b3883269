import HermesSupport
import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite(.timeLimit(.minutes(2))) struct HTTPBodyStreamTests {
    private static let shared = Result { try HTTPTestServer() }
    private let server: HTTPTestServer

    init() throws { server = try Self.shared.get() }

    @Test(arguments: [0, 1, 5_000_001]) func theBodyComesWhole(size: Int) async throws {
        let client = try HTTPClient()
        let body = testBytes(size, seed: 1)
        let request = try server.request("/text/100000", method: "POST", body: .bytes(body))
        try await onBlockingThread {
            let stream = try client.body(request)
            #expect(stream.head.status == 200)
            #expect(try readAll(stream) == body)
        }
    }

    /// What came before the end counts, and the end is an error.
    @Test func aBrokenAnswerIsAnErrorAfterItsBytes() async throws {
        let client = try HTTPClient()
        let request = try server.request("/broken")
        try await onBlockingThread {
            let stream = try client.body(request)
            var buffer = [UInt8](repeating: 0, count: 100)
            var bytes: [UInt8] = []
            let error = #expect(throws: HermesError.self) {
                while true {
                    let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
                    if count == 0 { return }
                    bytes += buffer[..<count]
                }
            }
            #expect(error?.code == .unavailable)
            #expect(bytes == Array("whole\nhalf".utf8))
        }
    }

    @Test func aSilentServerIsGivenUp() async throws {
        let client = try HTTPClient()
        var request = try server.request("/silent")
        request.timeLimit = 1
        try await onBlockingThread { [request] in
            let error = #expect(throws: HermesError.self) { try client.body(request) }
            #expect(error?.code == .unavailable)
        }
    }

    /// The server is held up while nobody reads, and then nothing is lost.
    @Test func aSlowReaderHoldsTheServerUp() async throws {
        let client = try HTTPClient()
        var request = try server.request("/flood/slow-body")
        request.stallLimit = nil
        let stream = try await onBlockingThread { [request] in Kept(try client.body(request)) }
        var sent = ""
        var same = 0
        // Until the server has stood still for a second.
        while same < 10 {
            try await Task.sleep(for: .milliseconds(100))
            let now = try await server.text("/sent/slow-body", client)
            same = now == sent && now != "0" ? same + 1 : 0
            sent = now
        }
        // What is under way is in the buffers of two sockets, which Linux lets grow to 10 MiB together (tcp(7)).
        #expect(try #require(Int(sent)) < 32 << 20)
        let count = try await onBlockingThread { try readAll(stream.stream).count }
        #expect(count == 64 << 20)
    }

    @Test func aReaderThatGoesEndsTheTransfer() async throws {
        let client = try HTTPClient()
        let request = try server.request("/flood/left-body")
        try await onBlockingThread { _ = try client.body(request) }
        while try await server.text("/sent/left-body", client) != "gone" {
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A stream between two threads, which use it one after the other.
    private struct Kept: @unchecked Sendable {
        let stream: HTTPBodyStream
        init(_ stream: HTTPBodyStream) { self.stream = stream }
    }
}
