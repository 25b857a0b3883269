import Dispatch
import Glibc
import HermesSupport
import NIOCore
import NIOHTTP1
import NIOPosix

/// The sockets on which operators see a daemon: the status and recordings of reads on two that only its owner may use, and metrics
/// over HTTP where the configuration says so. They have a thread of their own, so that no peer holds up an answer to containerd.
final class ObservationServers: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let work = DispatchQueue(label: "hermes-observation")
    private let paths: [String]
    /// The port at which metrics are served; nil where they are not.
    let metricsPort: Int?

    /// Takes the sockets beside `address` and the metrics' address, and answers from here on. Throws as `UnixSocket.listen` does, and
    /// `unavailable` when the metrics' address cannot be had.
    init(_ observation: DaemonObservation, beside address: String, metrics: ListenAddress?) throws {
        let (status, record) = (DaemonStatus.socket(beside: address), ReadRecording.socket(beside: address))
        paths = [status, record]
        do {
            metricsPort = try metrics.map { [group, work] in
                try Self.serveMetrics(observation, at: $0, group, work)
            }
            try Self.serve(at: status, group, seconds: ConnectionBounds.seconds) { [work] in
                StatusHandler(observation, on: work)
            }
            do {
                try Self.serve(at: record, group, seconds: RecordingHandler.seconds) { [work] in
                    RecordingHandler(observation, on: work)
                }
            } catch {
                unlink(status)
                throw error
            }
        } catch {
            try? group.syncShutdownGracefully()
            throw error
        }
    }

    /// Closes all sockets and connections; nothing looks at the daemon any more afterwards. Blocks; to be called once.
    func stop() {
        for path in paths { unlink(path) }
        try? group.syncShutdownGracefully()
        // Answers that nobody waits for any more.
        work.sync {}
    }

    private static func serve(
        at path: String, _ group: MultiThreadedEventLoopGroup, seconds: Int64,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) throws {
        let socket = try UnixSocket.listen(path)
        let open = ConnectionBounds.Open()
        do {
            _ = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            ConnectionBounds(open, seconds: seconds), handler())
                    }
                }
                .withBoundSocket(socket).wait()
        } catch {
            unlink(path)
            throw HermesError(.unavailable, "cannot answer on the socket \(path)", cause: error)
        }
    }

    private static func serveMetrics(
        _ observation: DaemonObservation, at address: ListenAddress, _ group: MultiThreadedEventLoopGroup,
        _ work: DispatchQueue
    ) throws -> Int {
        let open = ConnectionBounds.Open()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ConnectionBounds(open), HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder()),
                        MetricsHandler(observation, on: work))
                }
            }
        do {
            let channel = try bind(bootstrap, to: address)
            return channel.localAddress?.port ?? Int(address.port)
        } catch {
            let cause: any Error = (error as? IOError).map { SystemError($0.errnoCode) } ?? error
            throw HermesError(.unavailable, "cannot serve metrics at \(address) (metrics_address)", cause: cause)
        }
    }

    /// An empty host is every address of the machine, of IPv4 too (ipv6(7), IPV6_V6ONLY); without IPv6, those of IPv4.
    private static func bind(_ bootstrap: ServerBootstrap, to address: ListenAddress) throws -> any Channel {
        let port = Int(address.port)
        guard address.host.isEmpty else { return try bootstrap.bind(host: address.host, port: port).wait() }
        do {
            return try bootstrap.bind(host: "::", port: port).wait()
        } catch let error as IOError where error.errnoCode == EAFNOSUPPORT || error.errnoCode == EADDRNOTAVAIL {
            return try bootstrap.bind(host: "0.0.0.0", port: port).wait()
        }
    }
}
