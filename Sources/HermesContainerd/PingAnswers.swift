import NIOCore

/// Answers the pings of a connection (RFC 9113, section 6.7) before NIO's HTTP/2 sees them.
///
/// A client or server in Go sends a ping with nearly every call, to measure its bandwidth. NIO takes more than 200 of them in 30 seconds
/// for an attack and ends the connection with the word that no call was carried out. The client sends those that were under
/// way again, and a Prepare then finds its own snapshot. Only root can connect here, so there is nobody to be defended from.
///
/// A channel handler of one connection: its event loop's thread.
package final class PingAnswers: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// The bytes of the client's preface, which come before the first frame (section 3.4).
    private static let preface = 24
    /// The bytes before a frame's payload: length, type, flags, stream (section 4.1).
    private static let header = 9
    /// Type and flags of a ping, and the length of all pings.
    private static let ping: UInt8 = 6
    private static let acknowledges: UInt8 = 1
    private static let pingLength = 8

    /// The bytes that go on before the next frame's header begins.
    private var rest: Int
    /// The part of a header, or of a ping, that has come.
    private var held = ByteBuffer()

    /// `isServer` says whether the other side, as a client, begins with a preface.
    private init(isServer: Bool) { rest = isServer ? Self.preface : 0 }

    /// Puts one into the pipeline of a connection that came to a server, nearest to the network.
    @Sendable package static func install(_ channel: any Channel) -> EventLoopFuture<Void> {
        install(channel, isServer: true)
    }

    /// Does the same for a connection of a client.
    @Sendable static func installInClient(_ channel: any Channel) -> EventLoopFuture<Void> {
        install(channel, isServer: false)
    }

    private static func install(_ channel: any Channel, isServer: Bool) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(PingAnswers(isServer: isServer), position: .first)
        }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        held.writeBuffer(&input)
        var output = context.channel.allocator.buffer(capacity: held.readableBytes)
        while held.readableBytes > 0 {
            if rest > 0 {
                guard var part = held.readSlice(length: min(rest, held.readableBytes)) else { break }
                rest -= part.readableBytes
                output.writeBuffer(&part)
                continue
            }
            guard let header = held.getBytes(at: held.readerIndex, length: Self.header) else { break }
            // Frames have 24 bits for their length, so the sum is in range.
            let length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
            guard header[3] == Self.ping, header[4] & Self.acknowledges == 0, length == Self.pingLength else {
                rest = Self.header + length
                continue
            }
            guard var ping = held.readSlice(length: Self.header + length) else { break }
            // The same frame with the flag. Frames are written whole, so this one comes between two others.
            ping.setInteger(header[4] | Self.acknowledges, at: ping.readerIndex + 4)
            context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
        }
        held.discardReadBytes()
        if output.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(output)) }
    }
}
