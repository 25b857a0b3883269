import Dispatch
import HermesCore
import HermesSupport
import NIOCore

/// Records the reads of one image for the peer of a connection, or forgets an image for it, as `ReadRecording` describes. A connection
/// that ends also ends its recording.
final class RecordingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Seconds that a recording may take.
    static let seconds: Int64 = 24 * 3600

    private let observation: DaemonObservation
    /// Where the record is made.
    private let work: DispatchQueue
    private var line: [UInt8] = []
    private var manifest: Digest?
    private var isOver = false

    init(_ observation: DaemonObservation, on work: DispatchQueue) {
        self.observation = observation
        self.work = work
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in unwrapInboundIn(data).readableBytesView where !isOver {
            guard byte == UInt8(ascii: "\n") else {
                // `ConnectionBounds` ends what goes on for ever.
                line.append(byte)
                continue
            }
            if manifest == nil { begin(context) } else { end(context) }
            line = []
        }
    }

    private func begin(_ context: ChannelHandlerContext) {
        let words = String(decoding: line, as: UTF8.self)
        if words.hasPrefix(ReadRecording.forgetting),
            let digest = try? Digest(String(words.dropFirst(ReadRecording.forgetting.count)))
        {
            return forget(digest, context)
        }
        guard let digest = try? Digest(words), observation.beginRecording(digest) else {
            isOver = true
            context.close(promise: nil)
            return
        }
        manifest = digest
        context.writeAndFlush(NIOAny(ByteBuffer(string: "\(digest)\n")), promise: nil)
    }

    private func forget(_ digest: Digest, _ context: ChannelHandlerContext) {
        isOver = true
        let channel = context.channel
        work.async { [observation] in
            let answer = observation.forget(digest) ? "\(digest)\n" : ""
            channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard let manifest else { return }
        isOver = true
        let channel = context.channel
        work.async { [observation] in
            // An encoder that fails leaves an empty answer, which is no record either.
            let bytes = observation.endRecording(manifest).flatMap { try? JSON.encode($0) } ?? []
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let manifest, !isOver { work.async { [observation] in _ = observation.endRecording(manifest) } }
        isOver = true
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
