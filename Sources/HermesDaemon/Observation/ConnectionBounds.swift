import HermesSupport
import NIOCore
import Synchronization

/// Bounds what the peers of a server can cost the daemon: so many connections at a time, each with so many bytes to send and
/// so long to live. The first handler of each connection.
final class ConnectionBounds: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Connections at a time; others are closed as they come.
    static let connections = 16
    /// Bytes that a peer may send.
    static let bytes = 16 << 10
    /// Seconds after which a connection ends, whatever its peer does, where its server does not give it longer.
    static let seconds: Int64 = 10

    /// The connections of one server that are open.
    final class Open: Sendable {
        fileprivate let count = Atomic<Int>(0)
    }

    private let open: Open
    private let seconds: Int64
    private var received = 0
    private var end: Scheduled<Void>?

    init(_ open: Open, seconds: Int64 = ConnectionBounds.seconds) {
        self.open = open
        self.seconds = seconds
    }

    func handlerAdded(context: ChannelHandlerContext) { open.count.add(1, ordering: .relaxed) }

    func handlerRemoved(context: ChannelHandlerContext) {
        open.count.subtract(1, ordering: .relaxed)
        end?.cancel()
    }

    func channelActive(context: ChannelHandlerContext) {
        guard open.count.load(ordering: .relaxed) <= Self.connections else { return context.close(promise: nil) }
        let channel = context.channel
        end = context.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        guard received <= Self.bytes else { return context.close(promise: nil) }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
