import HermesSupport
import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite struct HTTPLineStreamTests {
    private static let shared = Result { try HTTPTestServer() }
    private let server: HTTPTestServer

    init() throws { server = try Self.shared.get() }

    private func collect(_ stream: HTTPLineStream) async throws -> [String] {
        var lines: [String] = []
        for try await line in stream { lines.append(line.text) }
        return lines
    }

    @Test(arguments: [1, 2, 7, 100])
    func linesComeWhole(size: Int) async throws {
        let client = try HTTPClient()
        let body = Array("{\"a\": 1}\r\n\n{\"b\": \"ä\"}\nlast".utf8)
        let stream = try await client.lines(server.request("/text/\(size)", method: "POST", body: .bytes(body)))
        #expect(stream.head.status == 200)
        #expect(try await collect(stream) == ["{\"a\": 1}", "", "{\"b\": \"ä\"}", "last"])
        // The end stays the end.
        #expect(try await collect(stream) == [])
    }

    /// A watch is silent until another request to the same server, with a stall limit, was given up for its silence; with
    /// HERMES_TEST_LONG for a minute, which is twice the default limit.
    @Test func aSilentWatchLives() async throws {
        let client = try HTTPClient()
        let isLong = EnvironmentVariable.value("HERMES_TEST_LONG") != nil
        let name = isLong ? "long" : "short"
        var request = try server.request("/watch/\(name)")
        request.stallLimit = nil
        var events = try await client.lines(request).makeAsyncIterator()
        #expect(try await events.next()?.text == #"{"type": "ADDED", "object": {"number": 1, "text": "\u00e4\n"}}"#)
        let begin = Monotonic.now()

        if !isLong { request.stallLimit = 2 }
        if isLong { request.stallLimit = 30 }
        let limited = try await client.lines(request)
        let error = await #expect(throws: HermesError.self) { try await collect(limited) }
        #expect(error?.code == .unavailable)
        if isLong {
            while Monotonic.now().milliseconds(since: begin) < 60_000 { try await Task.sleep(for: .seconds(1)) }
        }

        try await server.text("/speak/\(name)", client)
        for number in 2...3 {
            let event = try await events.next()?.text
            #expect(event == #"{"type": "ADDED", "object": {"number": \#(number), "text": "\u00e4\n"}}"#)
        }
        #expect(try await events.next() == nil)
    }

    /// Half a line at a broken connection is no line.
    @Test func aBrokenAnswerFailsBehindItsLines() async throws {
        let stream = try await HTTPClient().lines(server.request("/broken"))
        var lines = stream.makeAsyncIterator()
        #expect(try await lines.next()?.text == "whole")
        let error = await #expect(throws: HermesError.self) { try await lines.next() }
        #expect(error?.code == .unavailable)
        #expect(try await lines.next() == nil)
    }

    @Test(arguments: [("/longline", 100_000), ("/flood/long", 1022)])
    func aLineThatIsTooLongIsAnError(path: String, limit: Int) async throws {
        let stream = try await HTTPClient().lines(server.request(path), limit: limit)
        let error = await #expect(throws: HermesError.self) { try await collect(stream) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("more than \(limit) bytes") == true)
    }

    /// The server is held up while nobody reads, and then nothing is lost.
    @Test func aSlowReaderHoldsTheServerUp() async throws {
        let client = try HTTPClient()
        var request = try server.request("/flood/slow")
        request.stallLimit = nil
        let stream = try await client.lines(request)
        var sent = ""
        var same = 0
        // Until the server has stood still for a second.
        while same < 10 {
            try await Task.sleep(for: .milliseconds(100))
            let now = try await server.text("/sent/slow", client)
            same = now == sent && now != "0" ? same + 1 : 0
            sent = now
        }
        // What is under way is in the buffers of two sockets, which Linux lets grow to 10 MiB together (tcp(7)).
        #expect(try #require(Int(sent)) < 32 << 20)
        #expect(stream.receiver.held <= HTTPLineReceiver.window + 256 << 10)
        var count = 0
        for try await line in stream {
            if line.count != 1023 { Issue.record("a line of \(line.count) bytes") }
            count += 1
        }
        #expect(count == 64 << 10)
    }

    /// Waits until the server has noticed that a client is gone.
    private func isGone(_ name: String, _ client: HTTPClient) async throws -> Bool {
        for _ in 0..<600 {
            let sent = try await server.text("/sent/\(name)", client)
            if sent == "gone" { return true }
            if sent == "\(64 << 20)" { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test func aReaderThatGoesEndsTheTransfer() async throws {
        let client = try HTTPClient()
        let first = try await firstLine(client.lines(server.request("/flood/left")))
        #expect(first?.count == 1023)
        #expect(try await isGone("left", client))
    }

    private func firstLine(_ stream: HTTPLineStream) async throws -> [UInt8]? {
        for try await line in stream { return line }
        return nil
    }

    @Test func aCancelledReaderEndsTheTransfer() async throws {
        let client = try HTTPClient()
        var request = try server.request("/watch/cancelled")
        request.stallLimit = nil
        let stream = try await client.lines(request)
        let first = Monitor(false)
        let reader = Task {
            for try await _ in stream {
                first.withLock { state in
                    state.value = true
                    state.broadcast()
                }
            }
        }
        try await onBlockingThread { first.withLock { state in while !state.value { state.wait() } } }
        reader.cancel()
        let error = await #expect(throws: HermesError.self) { try await reader.value }
        #expect(error?.code == .interrupted)
        // One that is cancelled gives no more lines, also where some are there.
        let flood = try await client.lines(server.request("/flood/cancelled"))
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await collect(flood)
        }
        late.cancel()
        let other = await #expect(throws: HermesError.self) { try await late.value }
        #expect(other?.code == .interrupted)
        #expect(try await isGone("cancelled", client))
    }

    @Test func twoReadersAtOnceAreRefused() async throws {
        let client = try HTTPClient()
        var request = try server.request("/watch/two")
        request.stallLimit = nil
        let stream = try await client.lines(request)
        var first = stream.makeAsyncIterator()
        _ = try await first.next()
        // Which of the two waits and which is refused is open.
        let readers = (0..<2).map { _ in
            Task { () -> HermesError? in
                var lines = stream.makeAsyncIterator()
                do {
                    _ = try await lines.next()
                    return nil
                } catch {
                    return HermesError.from(error)
                }
            }
        }
        let refused = await withTaskGroup(of: HermesError?.self) { group in
            for reader in readers { group.addTask { await reader.value } }
            let first = await group.next() ?? nil
            // The group waits for the other as well.
            stream.receiver.cancel()
            return first
        }
        #expect(refused?.code == .usage)
    }

    @Test func aHeadThatNeverComesCanBeCancelled() async throws {
        let client = try HTTPClient()
        let request = try server.request("/silent")
        let task = Task { try await client.lines(request) }
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
    }
}
