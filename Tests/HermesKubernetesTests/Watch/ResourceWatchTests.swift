import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesKubernetes

/// Against a server that answers what a test tells it.
@Suite(.timeLimit(.minutes(2))) struct ResourceWatchTests {
    private let server: ScriptedServer
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { server = try ScriptedServer() }

    private func map(_ name: String, _ version: Int) -> String {
        #"{"metadata": {"name": "\#(name)", "resourceVersion": "\#(version)"}}"#
    }

    private func list(_ version: Int, _ names: String...) -> ScriptedServer.Answer {
        let items = names.map { map($0, version) }.joined(separator: ", ")
        return .init(body: #"{"metadata": {"resourceVersion": "\#(version)"}, "items": [\#(items)]}"#)
    }

    private func event(_ type: String, _ object: String) -> String {
        #"{"type": "\#(type)", "object": \#(object)}"# + "\n"
    }

    private var gone: String { #"{"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}"# }

    /// The next changes, as words.
    private func take(_ count: Int) async throws -> [String] {
        let watch = ResourceWatch(
            ConfigMap.self, ResourcePath(plural: "configmaps"), .init(labels: "a"), client: try server.client(),
            logger: log)
        var words: [String] = []
        for await change in watch {
            switch change {
            case .replaced(let maps): words.append("replaced " + maps.map(\.metadata.name).joined(separator: " "))
            case .changed(let map): words.append("changed \(map.metadata.name)")
            case .deleted(let map): words.append("deleted \(map.metadata.name)")
            }
            if words.count == count { break }
        }
        return words
    }

    /// What was asked for, in short: "list" or "watch VERSION".
    private func asked() async throws -> [String] {
        try await server.requests().map { request in
            guard request.path.contains("watch=true") else { return "list" }
            let part = request.path.split(separator: "&").first { $0.hasPrefix("resourceVersion=") } ?? ""
            return "watch \(part.dropFirst(16))"
        }
    }

    @Test func changesFollowTheList() async throws {
        try await server.answer([
            list(5, "a", "b"),
            .init(
                body: event("ADDED", map("c", 6)) + event("MODIFIED", map("a", 7)) + "\n"
                    + event("DELETED", map("b", 8)),
                silent: true),
        ])
        #expect(try await take(4) == ["replaced a b", "changed c", "changed a", "deleted b"])
        #expect(try await asked() == ["list", "watch 5"])
        let path = try #require(try await server.requests().last?.path)
        #expect(
            path.hasPrefix("/api/v1/configmaps?labelSelector=a&watch=true&allowWatchBookmarks=true&resourceVersion=5&"))
        let seconds = path.split(separator: "=").last.flatMap { Int($0) } ?? 0
        #expect((300...600).contains(seconds))
    }

    /// A watch that ends, breaks in a line or is cut without a line goes on from the last version, without a list.
    @Test func aWatchGoesOnWhereItEnded() async throws {
        let bookmark = event("BOOKMARK", #"{"metadata": {"resourceVersion": "20"}}"#)
        try await server.answer([
            list(5), .init(body: event("ADDED", map("a", 6))),
            .init(body: event("ADDED", map("b", 7)) + "{\"ty", cut: true),
            .init(body: bookmark), .init(cut: true), .init(body: event("ADDED", map("c", 21)), silent: true),
        ])
        #expect(try await take(4) == ["replaced ", "changed a", "changed b", "changed c"])
        #expect(try await asked() == ["list", "watch 5", "watch 6", "watch 7", "watch 20", "watch 20"])
    }

    @Test func aVersionThatIsGoneListsAgain() async throws {
        try await server.answer([
            list(5, "a"), .init(body: event("ADDED", map("b", 6)) + event("ERROR", gone)), list(9, "c"),
            .init(body: event("ADDED", map("d", 10))), .init(status: 410, body: gone), list(12, "e"),
        ])
        let words = try await take(5)
        #expect(words == ["replaced a", "changed b", "replaced c", "changed d", "replaced e"])
        #expect(try await asked() == ["list", "watch 5", "list", "watch 9", "watch 10", "list"])
    }

    @Test func failuresAreOvercome() async throws {
        try await server.answer([
            .init(status: 503), list(5, "a"), .init(status: 500),
            .init(body: event("ADDED", map("b", 6)), silent: true),
        ])
        #expect(try await take(2) == ["replaced a", "changed b"])
        #expect(try await asked() == ["list", "list", "watch 5", "watch 5"])
    }

    @Test func aLineThatCannotBeReadListsAgain() async throws {
        let long = String(repeating: "x", count: KubernetesClient.lineLimit + 1)
        for line in [event("ADDED", "{}"), "x\n", long] {
            try await server.answer([list(5, "a"), .init(body: line, silent: true), list(7, "b")])
            #expect(try await take(2) == ["replaced a", "replaced b"])
        }
    }

    @Test func itEndsWithItsTask() async throws {
        try await server.answer([list(5, "a"), .init(silent: true)])
        let task = Task { try await take(100) }
        while try await asked().count < 2 { try await Task.sleep(for: .milliseconds(20)) }
        task.cancel()
        #expect(try await task.value == ["replaced a"])
    }
}
