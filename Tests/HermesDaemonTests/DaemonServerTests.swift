import Glibc
import HermesTestKit
import Logging
import Testing

@testable import HermesDaemon
@testable import HermesSupport

/// A daemon's sockets for operators, asked by real clients.
@Suite struct DaemonServerTests {
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let folder: TestFolder
    private let snapshotter: OverlaySnapshotter
    private var address: String { "\(folder.path)/s" }

    init() throws {
        folder = try TestFolder()
        snapshotter = try OverlaySnapshotter(root: "\(folder.path)/root", log: Self.log)
    }

    private func server(_ metrics: String?) throws -> DaemonServer {
        let metrics = try metrics.map { try #require(ListenAddress($0)) }
        return try DaemonServer(snapshotter, address: address, metrics: metrics, log: Self.log)
    }

    /// Runs a server for the time of `body`, which gets the URL of its metrics, away from Swift's cooperative threads: the
    /// server needs these.
    private func withServer(_ body: @escaping @Sendable (String) throws -> Void) async throws {
        try await onBlockingThread {
            let server = try server("127.0.0.1:0")
            let thread = try SystemThread("serve") { try? server.run() }
            defer {
                server.stop()
                thread.join()
            }
            try body("http://127.0.0.1:\(try #require(server.metricsPort))")
        }
    }

    /// What curl gives: the answer's status, and its body.
    private func get(_ url: String, _ options: [String] = []) throws -> (status: String, body: String) {
        let output = try TestTool.run(
            ["curl", "-s", "--noproxy", "*", "-m", "60", "-w", "\n%{http_code}"] + options + [url]
        ).text
        let end = output.lastIndex(of: "\n") ?? output.startIndex
        return (String(output[end...].dropFirst()), String(output[..<end]))
    }

    private func expect(
        _ status: String, _ url: String, _ options: String..., location: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try get(url, options)
        #expect(answer.status == status, sourceLocation: location)
    }

    @Test func metricsAndStatusFollowCalls() async throws {
        try await withServer { url in
            try expect("200", url + "/healthz")
            try expect("404", url + "/")
            try expect("405", url + "/metrics", "-d", "x")
            try expect("200", url + "/metrics", "-I")
            let before = try Samples.read(try get(url + "/metrics").body)
            #expect(before["hermes_daemon_snapshots{kind=\"active\"}"] == 0)
            _ = try snapshotter.create(.active, key: "one", parent: "")
            _ = try snapshotter.create(.view, key: "two", parent: "")
            // A pull whose client does not say which image it is.
            _ = try snapshotter.create(
                .active, key: "three", parent: "", labels: ["containerd.io/snapshot.ref": "sha256:1"])
            let samples = try Samples.read(try get(url + "/metrics").body)
            #expect(samples["hermes_daemon_snapshots{kind=\"active\"}"] == 2)
            #expect(samples["hermes_daemon_snapshots{kind=\"view\"}"] == 1)
            #expect(samples["hermes_daemon_pulls_total{result=\"failed\"}"] == 1)
            #expect(Set(samples.keys) == Set(before.keys))
            let status = try DaemonStatus.read(from: address)
            #expect(status.version == HermesVersion.current && status.images.isEmpty)
            #expect(status.left.map(\.result) == [.failed])
        }
        #expect(try FolderListing.names(in: folder.path) == ["root"])
    }

    @Test func aDaemonIsNotReadyBeforeItAnswers() async throws {
        try await onBlockingThread {
            let server = try server("127.0.0.1:0")
            let url = "http://127.0.0.1:\(try #require(server.metricsPort))"
            try expect("503", url + "/readyz")
            try expect("200", url + "/healthz")
            let status = try DaemonStatus.read(from: address)
            #expect(!status.ready)
            let thread = try SystemThread("serve") { try? server.run() }
            server.stop()
            thread.join()
        }
    }

    @Test func onlyTheOwnerAsksForTheStatus() async throws {
        try await withServer { _ in
            let mode = try TestTool.run(["stat", "-c", "%a", DaemonStatus.socket(beside: address)]).text
            #expect(mode == "600\n")
        }
    }

    @Test func aTakenPortIsNamed() async throws {
        try await withServer { url in
            let port = try #require(url.split(separator: ":").last)
            let other = "\(folder.path)/other"
            let metrics = try #require(ListenAddress("127.0.0.1:\(port)"))
            let error = #expect(throws: HermesError.self) {
                try DaemonServer(snapshotter, address: other, metrics: metrics, log: Self.log)
            }
            #expect(
                error?.description
                    == "cannot serve metrics at 127.0.0.1:\(port) (metrics_address): Address already in use")
            #expect(error?.code == .unavailable)
            // Nothing is left of the daemon that could not be.
            #expect(access(other, F_OK) != 0 && access(DaemonStatus.socket(beside: other), F_OK) != 0)
        }
    }

    @Test func aRecordingWithoutImagesIsRefused() async throws {
        try await withServer { _ in
            let error = #expect(throws: HermesError.self) { try ReadRecording(of: .of([1]), at: address) }
            #expect(error?.code == .unavailable)
            // There is nothing to forget.
            #expect(try ReadRecording.forget(.of([1]), at: address))
            for line in ["\n", "sha256:1\n", "x\n\n", "forget \n", "forget sha256:1\n"] {
                let socket = try DaemonSocket(ReadRecording.socket(beside: address))
                try socket.send(line)
                #expect(try socket.read(isWhole: true).isEmpty)
            }
        }
    }

    @Test func nobodyAnswers() {
        let error = #expect(throws: HermesError.self) { try DaemonStatus.read(from: address) }
        #expect(error?.code == .unavailable)
    }
}
