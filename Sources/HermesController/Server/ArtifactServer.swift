import Glibc
import HermesSupport
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves the artifacts of a store over HTTP/1.1, with TLS or without.
///
/// | request (GET or HEAD) | answer |
/// |---|---|
/// | `/v1/indexes/resolve?image=NAME@DIGEST&platform=P` | 200: the index and its zTOCs; 400; 404: no index is ready |
/// | `/v1/blobs/DIGEST` | 200, 206, 304, 416: the bytes; 400; 404 |
/// | `/v1/artifacts?limit=N&continue=C` | 200: the artifacts, the newest first |
/// | `/healthz`, `/readyz` | 200; 503 with a reason |
/// | `/metrics` | 200: Prometheus's text format |
///
/// Answers are JSON but for blobs and metrics, and errors are `{"error": "..."}`.
package struct ArtifactServer: Sendable {
    /// What a server is told.
    package struct Configuration: Sendable {
        /// The address, such as "127.0.0.1" or "::"; empty for every address of this machine.
        package var host: String
        /// The port; 0 for one that the system chooses.
        package var port: Int
        package var access: ArtifactAccess
        /// The paths of a certificate chain and its private key in PEM; nil for HTTP without TLS.
        package var tls: (certificates: String, key: String)?

        package init(
            host: String, port: Int, access: ArtifactAccess = .open, tls: (certificates: String, key: String)? = nil
        ) {
            self.host = host
            self.port = port
            self.access = access
            self.tls = tls
        }

        /// The address to bind: of IPv6, which takes connections of IPv4 as well, unless the kernel has no IPv6.
        fileprivate var boundHost: String {
            guard host.isEmpty else { return host }
            let probe = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
            guard probe >= 0 else { return "0.0.0.0" }
            close(probe)
            return "::"
        }
    }

    /// What clients can cost.
    struct Bounds: Sendable {
        /// Connections at a time; others wait until one ends.
        var connections = 1024
        /// The most bytes of one header, and of all headers of a request.
        var headerField = 16 << 10
        var headers = 32 << 10
        /// How long a connection may send no request, or not the rest of one.
        var idle = TimeAmount.seconds(30)
        /// How long a client may take nothing of an answer.
        var stall = TimeAmount.seconds(60)
        /// Threads that block on the disk.
        var threads = 4
    }

    /// Seconds that requests have to end at the server's own end.
    private static let patience = 5
    /// Seconds between two notes in the store about which artifacts were asked for.
    private static let notePeriod = 60

    private let store: @Sendable () -> ArtifactStore?
    private let configuration: Configuration
    private let bounds: Bounds
    private let questions: NodeQuestions
    private let metrics: @Sendable () -> [MetricFamily]
    private let unready: @Sendable () -> String?
    private let log: Logger

    /// `store` gives the store, and nil while there is none: images and blobs are then answered with 503. It is the same one whenever it
    /// is there. `questions` learns what nodes ask for. `metrics` gives what `/metrics` shows beside the server's own, and may block. `unready` gives the reason for which the
    /// controller is not ready, or nil when it is; it must not block.
    package init(
        _ store: @escaping @Sendable () -> ArtifactStore?, _ configuration: Configuration,
        questions: NodeQuestions, log: Logger,
        metrics: @escaping @Sendable () -> [MetricFamily], unready: @escaping @Sendable () -> String?
    ) {
        self.init(
            store, configuration, Bounds(), questions: questions, log: log, metrics: metrics, unready: unready)
    }

    init(
        _ store: @escaping @Sendable () -> ArtifactStore?, _ configuration: Configuration, _ bounds: Bounds,
        questions: NodeQuestions, log: Logger,
        metrics: @escaping @Sendable () -> [MetricFamily], unready: @escaping @Sendable () -> String?
    ) {
        self.store = store
        self.configuration = configuration
        self.bounds = bounds
        self.questions = questions
        self.metrics = metrics
        self.unready = unready
        self.log = log
    }

    /// Answers until the task is cancelled, and then returns; requests that are being answered have 5 seconds to end. `listening` is
    /// told the port.
    ///
    /// Throws `unavailable` when the address cannot be had, and `usage` for certificates that cannot be used.
    package func run(listening: @escaping @Sendable (Int) async -> Void) async throws {
        let disk = NIOThreadPool(numberOfThreads: bounds.threads)
        disk.start()
        let answers = ReadyAnswers()
        let responder = ArtifactResponder(
            store: store, answers: answers, questions: questions, tokens: TokenCheck(configuration.access, disk: disk),
            metrics: metrics,
            unready: unready, disk: disk, requests: RequestMetrics(), log: log)
        let result: Result<Void, any Error>
        do {
            let application = Application(
                responder: responder, server: try channels(),
                configuration: .init(
                    address: .hostname(configuration.boundHost, port: configuration.port),
                    availableConnectionsDelegate: .maximum(bounds.connections, logger: quiet)),
                onServerRunning: { channel in await listening(channel.localAddress?.port ?? 0) }, logger: quiet)
            let notes = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(Self.notePeriod))
                    await note(answers)
                }
            }
            defer { notes.cancel() }
            try await serve(application)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await note(answers)
        try? await disk.shutdownGracefully()
        guard !Task.isCancelled, case .failure(let error) = result else { return }
        throw error as? HermesError
            ?? HermesError(
                .unavailable, "cannot answer at \(configuration.host):\(configuration.port)",
                cause: (error as? IOError).map { SystemError($0.errnoCode) } ?? error)
    }

    /// Runs until the task is cancelled, and then lets requests end that are being answered.
    ///
    /// The server itself must not be cancelled: a connection that was accepted and not yet handed on would end the process
    /// (NIOAsyncWriter's precondition). A graceful shutdown accepts no more first.
    private func serve(_ application: some Service) async throws {
        var settings = ServiceGroupConfiguration(services: [application], logger: quiet)
        settings.maximumGracefulShutdownDuration = .seconds(Self.patience)
        let group = ServiceGroup(configuration: settings)
        let serving = Task.detached { try await group.run() }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// Tells the store which artifacts were asked for.
    private func note(_ answers: ReadyAnswers) async {
        let used = answers.takeUsed()
        guard !used.isEmpty else { return }
        do {
            // Not on `disk`, whose work ends with the task.
            try await SystemThread.run("hermes-used") { [store] in try store()?.markUsed(used) }
        } catch {
            log.warning("the store does not know which artifacts were used", metadata: ["cause": "\(error)"])
        }
    }

    private func channels() throws -> HTTPServerBuilder {
        let stall = bounds.stall
        let base = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [StalledAnswers(after: stall)], idleTimeout: bounds.idle,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: bounds.headerField, maxHeaderListSize: bounds.headers, maxHeaderFieldCount: 100)
            ))
        guard let files = configuration.tls else { return base }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificates).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
            tls.minimumTLSVersion = .tlsv12
            return try .tls(base, tlsConfiguration: tls)
        } catch {
            throw HermesError(
                .usage, "cannot serve TLS with the certificates \(files.certificates) and the key \(files.key)",
                cause: error)
        }
    }

    /// Hummingbird's own lines are about its inner life.
    private var quiet: Logger {
        var quiet = log
        quiet.logLevel = .error
        return quiet
    }
}
