import Dispatch
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers the one request of an HTTP connection, and ends it.
final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let observation: DaemonObservation
    /// Where metrics are made, one after the other: they read the disk.
    private let work: DispatchQueue
    private var isAnswered = false

    init(_ observation: DaemonObservation, on work: DispatchQueue) {
        self.observation = observation
        self.work = work
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), !isAnswered else { return }
        isAnswered = true
        let isReady = observation.isReady.load(ordering: .relaxed)
        let channel = context.channel
        let isHead = head.method == .HEAD
        switch MetricsAnswer(method: head.method.rawValue, target: head.uri, isReady: isReady) {
        case .text(let status, let text):
            Self.answer(channel, .init(statusCode: status), "text/plain; charset=utf-8", text + "\n", isHead)
        case .metrics:
            work.async { [observation] in
                // The connection's time may be over when its turn comes.
                guard channel.isActive else { return }
                let type = "text/plain; version=0.0.4; charset=utf-8"
                Self.answer(channel, .ok, type, observation.metrics(), isHead)
            }
        }
    }

    /// Any thread.
    private static func answer(
        _ channel: any Channel, _ status: HTTPResponseStatus, _ type: String, _ text: String, _ isHead: Bool
    ) {
        let body = ByteBuffer(string: text)
        var headers: HTTPHeaders = [
            "Content-Type": type, "Content-Length": "\(body.readableBytes)", "Connection": "close",
        ]
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if !isHead { channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Also what is no HTTP, or more of it than the decoder takes.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
