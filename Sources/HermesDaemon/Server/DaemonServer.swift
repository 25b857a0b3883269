import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import HermesSupport
import Logging
import Synchronization

/// Answers containerd's calls on a socket.
package final class DaemonServer: Sendable {
    /// Seconds that calls under way have to end.
    private static let grace = 10

    /// Clients in Go measure their bandwidth by pings, which grpc-swift by default takes for too many keepalives, and closes the
    /// connection. A call that arrives in the same moment is then carried out, and the client, which is told that it was not,
    /// sends it again: a Prepare finds its own snapshot.
    private static let everyPing = HTTP2ServerTransport.Config.ClientKeepaliveBehavior(
        minPingIntervalWithoutCalls: .zero, allowWithoutCalls: true)

    private let address: String
    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let state = Mutex(State())

    private struct State {
        var isStopping = false
        var serving: Task<Void, any Error>?
    }

    /// Takes the socket at `address`. From here on calls wait for `run`. Throws as `UnixSocket.listen` does.
    package init(_ snapshotter: OverlaySnapshotter, address: String, log: Logger) throws {
        self.address = address
        let socket = try UnixSocket.listen(address)
        let transport = HTTP2ServerTransport.Posix(
            listeningSocketDescriptor: Int(socket), transportSecurity: .plaintext,
            config: .defaults { $0.connection.keepalive.clientBehavior = Self.everyPing })
        server = GRPCServer(transport: transport, services: [SnapshotService(snapshotter: snapshotter, log: log)])
    }

    /// Answers calls until `stop`, and removes the socket. Blocks; to be called once, on a thread that may. Throws
    /// `unavailable` when the socket cannot be served.
    package func run() throws {
        defer { unlink(address) }
        let serving = state.withLock { state in
            let task = Task.detached { [server] in try await server.serve() }
            if !state.isStopping { state.serving = task }
            return task
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
            return state.serving
        }
        server.beginGracefulShutdown()
        Task.detached {
            try? await Task.sleep(for: .seconds(Self.grace))
            serving?.cancel()
        }
    }
}
