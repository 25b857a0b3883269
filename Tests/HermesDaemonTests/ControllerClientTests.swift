import HermesCore
import HermesHTTP
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

@Suite(.timeLimit(.minutes(2))) struct ControllerClientTests {
    private static let shared = Result { try ControllerTestServer() }
    private static let platform = Platform(architecture: "amd64", os: "linux")
    private static let index = ControllerTestServer.descriptor(ControllerTestServer.indexBytes)
    private static let ztoc = ControllerTestServer.descriptor(ControllerTestServer.ztocBytes)
    private let server: ControllerTestServer

    init() throws { server = try Self.shared.get() }

    private func resolve(
        _ client: ControllerClient, _ name: String = ControllerTestServer.imageName, timeLimit: Int = 60
    ) async throws -> Descriptor? {
        try await client.resolve(name, ControllerTestServer.imageDigest(), Self.platform, timeLimit: timeLimit)
    }

    private func fails(_ code: HermesError.Code, _ body: () async throws -> Void) async {
        let error = await #expect(throws: HermesError.self) { try await body() }
        #expect(error?.code == code, "\(error?.description ?? "")")
    }

    @Test(arguments: ["good", "good/"]) func findsTheIndexOfAnImage(mode: String) async throws {
        let client = try server.client(mode)
        #expect(try await resolve(client) == Self.index)
        #expect(
            try await client.read(Self.index, limit: SOCIIndex.sizeLimit, timeLimit: 60)
                == ControllerTestServer.indexBytes)
    }

    @Test func anImageWithoutAnIndexIsNoFailure() async throws {
        let client = try server.client("good")
        for _ in 0..<2 { #expect(try await resolve(client, "registry.example/other") == nil) }
        #expect(try await resolve(client) != nil)
    }

    @Test func aRefusedImageIsNoFailure() async throws {
        let client = try server.client("echo-400")
        for _ in 0..<2 {
            let error = await #expect(throws: HermesError.self) {
                _ = try await resolve(client, "{\"error\":\"bad\\u001b image\"}")
            }
            #expect(error?.code == .usage)
            #expect(error?.message.hasSuffix(": bad? image") == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: [
        ("echo-500", HermesError.Code.unavailable), ("echo-429", .unavailable), ("echo-302", .protocolViolation),
    ])
    func otherStatusesAreFailures(mode: String, code: HermesError.Code) async throws {
        let client = try server.client(mode)
        await fails(code) { _ = try await resolve(client) }
        await fails(.unavailable) { _ = try await resolve(client) }
    }

    @Test(arguments: [
        "", "<html>", "[]", "{}", "{\"sociIndex\":null}",
        "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"sha256:00\",\"size\":1}}",
        "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"\(index.digest)\",\"size\":0}}",
        "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"\(index.digest)\",\"size\":-1}}",
        "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"\(index.digest)\",\"size\":\((4 << 20) + 1)}}",
        "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"\(index.digest)\",\"size\":1e99}}",
        String(repeating: "[", count: 5000),
    ])
    func aGarbledAnswerIsAFailure(answer: String) async throws {
        let client = try server.client("echo-200")
        await fails(.protocolViolation) { _ = try await resolve(client, answer) }
        await fails(.unavailable) { _ = try await resolve(client) }
    }

    @Test func theLargestIndexIsTaken() async throws {
        let answer = "{\"sociIndex\":{\"mediaType\":\"a\",\"digest\":\"\(Self.index.digest)\",\"size\":\(4 << 20)}}"
        #expect(try await resolve(server.client("echo-200"), answer)?.size == 4 << 20)
    }

    @Test func aSilentControllerIsGivenUp() async throws {
        let client = try server.client("hang")
        let error = await #expect(throws: HermesError.self) { _ = try await resolve(client, timeLimit: 1) }
        #expect(error?.code == .unavailable)
        // It is not the limit of 30 seconds for a slow answer that ended it.
        #expect(error?.message.contains("timed out after") == true, "\(error?.message ?? "")")
        let blobs = try server.client("hang")
        await fails(.unavailable) { _ = try await blobs.read(Self.index, limit: 1000, timeLimit: 1) }
        let ztocs = try server.client("hang")
        await fails(.unavailable) { _ = try await download(ztocs, timeLimit: 1) }
    }

    @Test func aClosedPortIsAFailure() async throws {
        let client = ControllerClient(try HTTPURL("http://127.0.0.1:1"), http: server.http)
        let error = await #expect(throws: HermesError.self) { _ = try await resolve(client) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasPrefix("cannot reach") == true)
        let next = await #expect(throws: HermesError.self) { _ = try await resolve(client) }
        #expect(next?.message == "the controller at http://127.0.0.1:1 is not asked for now, because it failed before")
    }

    /// All calls share the circuit.
    @Test func afterAFailureNothingIsAsked() async throws {
        let client = try server.client("echo-500-counted")
        await fails(.unavailable) { _ = try await client.read(Self.index, limit: 1000, timeLimit: 60) }
        await fails(.unavailable) { _ = try await client.read(Self.index, limit: 1000, timeLimit: 60) }
        await fails(.unavailable) { _ = try await resolve(client) }
        await fails(.unavailable) { _ = try await download(client) }
        #expect(try await server.count("echo-500-counted") == "1")
    }

    @Test func aBlobThatIsMissingIsNoFailure() async throws {
        let client = try server.client("good")
        let missing = ControllerTestServer.descriptor([1])
        for _ in 0..<2 {
            await fails(.notFound) { _ = try await client.read(missing, limit: 1000, timeLimit: 60) }
            await fails(.notFound) { _ = try await download(client, missing) }
        }
    }

    @Test(arguments: [
        ("wrong", HermesError.Code.corrupt), ("short", .corrupt), ("long", .corrupt),
        ("endless", .protocolViolation), ("cut", .unavailable),
    ])
    func wrongBytesAreNeverGiven(mode: String, code: HermesError.Code) async throws {
        let client = try server.client(mode)
        await fails(code) { _ = try await client.read(Self.index, limit: 1 << 20, timeLimit: 60) }
        await fails(.unavailable) { _ = try await resolve(client) }
    }

    /// Nothing is asked, and nothing is held against the controller's health.
    @Test func aBlobBeyondTheLimitIsNotFetched() async throws {
        let client = try server.client("good-limited")
        await fails(.corrupt) { _ = try await client.read(Self.index, limit: 999, timeLimit: 60) }
        var large = Self.ztoc
        large.size = ControllerClient.ztocLimit + 1
        await fails(.corrupt) { [large] in _ = try await download(client, large) }
        large.size = -1
        await fails(.corrupt) { [large] in _ = try await download(client, large) }
        #expect(try await server.count("good-limited") == "0")
    }

    private func download(
        _ client: ControllerClient, _ blob: Descriptor = ztoc, in folder: String? = nil, timeLimit: Int = 60
    ) async throws -> MappedFile {
        let temporary = try TestFolder()
        return try await onBlockingThread {
            try client.download(blob, in: folder ?? temporary.path, timeLimit: timeLimit)
        }
    }

    @Test func aZTOCIsStoredInAFileWithoutAName() async throws {
        let client = try server.client("good")
        let folder = try TestFolder()
        let file = try await download(client, in: folder.path)
        #expect(Array(file.readOnly) == ControllerTestServer.ztocBytes)
        #expect(try FolderListing.names(in: folder.path).isEmpty)
    }

    @Test(arguments: [
        ("wrong", HermesError.Code.corrupt), ("short", .corrupt), ("long", .corrupt), ("endless", .corrupt),
        ("cut", .unavailable),
    ])
    func aWrongZTOCIsNeverGiven(mode: String, code: HermesError.Code) async throws {
        let client = try server.client(mode)
        await fails(code) { _ = try await download(client) }
        await fails(.unavailable) { _ = try await download(client) }
    }

    /// Also in several frames (RFC 8878, section 3), and beside an index, which is not compressed.
    @Test(arguments: ["zstd", "zstd-frames"]) func aZTOCMayComeCompressed(mode: String) async throws {
        let client = try server.client(mode)
        let file = try await download(client)
        #expect(withExtendedLifetime(file) { Array(file.readOnly) } == ControllerTestServer.ztocBytes)
        #expect(
            try await client.read(Self.index, limit: SOCIIndex.sizeLimit, timeLimit: 60)
                == ControllerTestServer.indexBytes)
    }

    @Test(arguments: [
        "cut", "none", "garbage", "plain", "tail", "wrong", "short", "long", "bomb", "window", "empty",
    ])
    func aWrongCompressedZTOCIsNeverGiven(kind: String) async throws {
        let client = try server.client("zstd-\(kind)")
        await fails(.corrupt) { _ = try await download(client) }
        await fails(.unavailable) { _ = try await download(client) }
    }

    @Test func anUnknownCodingIsAFailure() async throws {
        let client = try server.client("gzip")
        await fails(.protocolViolation) { _ = try await download(client) }
        await fails(.unavailable) { _ = try await download(client) }
    }

    @Test func aFolderThatIsMissingIsNotTheControllersFault() async throws {
        let client = try server.client("good")
        await fails(.notFound) { _ = try await download(client, in: "/nonexistent") }
        #expect(try await resolve(client) == Self.index)
    }
}
