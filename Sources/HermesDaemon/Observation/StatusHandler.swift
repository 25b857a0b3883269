import Dispatch
import HermesSupport
import NIOCore

/// Writes the daemon's status to a connection as soon as it is there, and ends it. What a peer sends does not matter.
final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let observation: DaemonObservation
    /// Where the status is made.
    private let work: DispatchQueue

    init(_ observation: DaemonObservation, on work: DispatchQueue) {
        self.observation = observation
        self.work = work
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        work.async { [observation] in
            guard channel.isActive else { return }
            // An encoder that fails leaves an empty answer, which is no status either.
            let bytes = (try? JSON.encode(observation.status())) ?? []
            channel.writeAndFlush(ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")])).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
