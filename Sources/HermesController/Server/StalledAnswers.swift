import NIOCore

/// Ends a connection whose client does not take what is sent to it: when no part of an answer was taken for so long. A part is
/// at most `BlobAnswer.pieceSize` bytes. (The idle time of Hummingbird ends only connections that nothing is sent on.)
final class StalledAnswers: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = Any
    typealias OutboundOut = Any

    private let limit: TimeAmount
    private var waiting = 0
    private var progress = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(after limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
        if waiting == 0 { progress = .now() }
        waiting += 1
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.waiting -= 1
            self.progress = .now()
        }
        if timer == nil { schedule(context, in: limit) }
        context.write(data, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ context: ChannelHandlerContext, in delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.timer = nil
            guard self.waiting > 0 else { return }
            let end = self.progress + self.limit
            guard end <= .now() else { return self.schedule(context, in: end - .now()) }
            context.close(promise: nil)
        }
    }
}
