import NIOCore
import NIOEmbedded
import Testing

@testable import HermesDaemon

/// Connections on a loop whose clock the test moves.
@Suite struct ConnectionBoundsTests {
    private let open = ConnectionBounds.Open()
    private let loop = EmbeddedEventLoop()

    /// Whether one more connection is let in. It stays open then.
    private func isLetIn() throws -> Bool { try connection().isActive }

    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionBounds(open), loop: loop)
        // It counts as refused when it is closed as it comes.
        try? channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test func thereAreFewAndTheyEnd() throws {
        let first = try (0..<ConnectionBounds.connections).map { _ in try connection() }
        #expect(first.allSatisfy { $0.isActive })
        #expect(try isLetIn() == false)
        loop.advanceTime(by: .seconds(ConnectionBounds.seconds) - .nanoseconds(1))
        #expect(first.allSatisfy { $0.isActive })
        #expect(try isLetIn() == false)
        loop.advanceTime(by: .nanoseconds(1))
        #expect(first.allSatisfy { !$0.isActive })
        #expect(try isLetIn())
    }

    @Test func oneThatEndsMakesRoom() throws {
        let first = try (0..<ConnectionBounds.connections).map { _ in try connection() }
        _ = try first[0].finish()
        #expect(try isLetIn())
        #expect(try isLetIn() == false)
    }

    @Test func aPeerSendsOnlySoMuch() throws {
        let channel = try connection()
        let most = ByteBuffer(repeating: 7, count: ConnectionBounds.bytes)
        try channel.writeInbound(most)
        #expect(try channel.readInbound(as: ByteBuffer.self) == most)
        #expect(channel.isActive)
        try channel.writeInbound(ByteBuffer(repeating: 7, count: 1))
        #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
        #expect(!channel.isActive)
    }
}
