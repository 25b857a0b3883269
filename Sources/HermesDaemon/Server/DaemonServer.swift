import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import HermesContainerd
import HermesSupport
import Logging
import Synchronization

/// Answers containerd's calls on a socket, and lets operators see what comes of them.
package final class DaemonServer: Sendable {
    /// Seconds that calls under way have to end.
    private static let grace = 10

    private let address: String
    private let transport: HTTP2ServerTransport.Posix
    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let observation: DaemonObservation
    private let observers: ObservationServers
    private let state = Mutex(State())

    private struct State {
        var isStopping = false
        var serving: Task<Void, any Error>?
    }

    /// Takes the socket at `address`, the operators' beside it, and the address of metrics, if there is one. From here on calls
    /// wait for `run`, and the others are answered. Throws as `UnixSocket.listen` and `ObservationServers` do.
    package init(
        _ snapshotter: OverlaySnapshotter, address: String, metrics: ListenAddress? = nil, log: Logger
    ) throws {
        self.address = address
        observation = DaemonObservation(snapshotter, log: log)
        let socket = try UnixSocket.listen(address)
        do {
            observers = try ObservationServers(observation, beside: address, metrics: metrics)
        } catch {
            close(socket)
            unlink(address)
            throw error
        }
        transport = HTTP2ServerTransport.Posix(
            listeningSocketDescriptor: Int(socket), transportSecurity: .plaintext,
            config: .defaults { $0.channelDebuggingCallbacks.onAcceptTCPConnection = PingAnswers.install })
        let service = SnapshotService(snapshotter: snapshotter, calls: observation.calls, log: log)
        server = GRPCServer(transport: transport, services: [service])
    }

    /// The port at which metrics are served; nil where they are not.
    package var metricsPort: Int? { observers.metricsPort }

    /// Answers calls until `stop`, and removes the sockets. Blocks; to be called once, on a thread that may. Throws
    /// `unavailable` when the socket cannot be served.
    package func run() throws {
        defer {
            unlink(address)
            observers.stop()
        }
        let serving = state.withLock { state in
            let task = Task.detached { [server] in try await server.serve() }
            if !state.isStopping { state.serving = task }
            return task
        }
        Task.detached { [self] in
            // Comes when the socket is listened at; throws when it never will be.
            guard (try? await transport.listeningAddress) != nil else { return }
            state.withLock { if !$0.isStopping { observation.isReady.store(true, ordering: .relaxed) } }
        }
        do {
            try waiting { try await serving.value }
        } catch {
            guard !state.withLock({ $0.isStopping }) else { return }
            throw HermesError(.unavailable, "cannot answer calls on the socket \(address)", cause: error)
        }
    }

    /// Ends `run`: calls under way are answered first, if that does not take too long. Any thread.
    package func stop() {
        let serving = state.withLock { state in
            state.isStopping = true
            observation.isReady.store(false, ordering: .relaxed)
            return state.serving
        }
        server.beginGracefulShutdown()
        Task.detached {
            try? await Task.sleep(for: .seconds(Self.grace))
            serving?.cancel()
        }
    }
}
