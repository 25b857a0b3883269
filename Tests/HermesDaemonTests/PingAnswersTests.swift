import HermesContainerd
import NIOCore
import NIOEmbedded
import Testing

@testable import HermesDaemon

/// What a connection's HTTP/2 gets to see, and what its client gets back.
@Suite struct PingAnswersTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private static func frame(_ type: UInt8, flags: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, 0] + payload
    }

    private static func bytes(_ read: () throws -> ByteBuffer?) rethrows -> [UInt8] {
        var all: [UInt8] = []
        while let buffer = try read() { all += buffer.readableBytesView }
        return all
    }

    @Test(arguments: [1, 2, 7, 24, 33, 10_000]) func pingsAreAnsweredAndNotSeen(piece: Int) throws {
        let channel = EmbeddedChannel()
        try PingAnswers.install(channel).wait()
        let settings = Self.frame(4, [])
        // A frame whose payload looks like a ping, and one of 300 bytes.
        let data = Self.frame(0, Self.frame(6, Array(1...8))) + Self.frame(0, Array(repeating: 6, count: 300))
        let acknowledgement = Self.frame(6, flags: 1, Array(20...27))
        let sent =
            Self.preface + settings + Self.frame(6, Array(1...8)) + data + Self.frame(6, Array(11...18))
            + acknowledgement
            + settings
        for start in stride(from: 0, to: sent.count, by: piece) {
            try channel.writeInbound(ByteBuffer(bytes: sent[start..<min(start + piece, sent.count)]))
        }
        #expect(
            try Self.bytes { try channel.readInbound(as: ByteBuffer.self) }
                == Self.preface + settings + data + acknowledgement + settings)
        #expect(
            try Self.bytes { try channel.readOutbound(as: ByteBuffer.self) }
                == Self.frame(6, flags: 1, Array(1...8)) + Self.frame(6, flags: 1, Array(11...18)))
        _ = try channel.finish()
    }

    @Test func aPingOfAnotherLengthIsLeftToHTTP2() throws {
        let channel = EmbeddedChannel()
        try PingAnswers.install(channel).wait()
        let sent = Self.preface + Self.frame(6, [1, 2, 3]) + Self.frame(4, [])
        try channel.writeInbound(ByteBuffer(bytes: sent))
        #expect(try Self.bytes { try channel.readInbound(as: ByteBuffer.self) } == sent)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        _ = try channel.finish()
    }
}
