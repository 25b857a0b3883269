import Glibc
import HermesCore
import HermesDaemon
import HermesHTTP
import HermesSupport
import HermesTestKit
import Logging
import Synchronization
import Testing

@testable import HermesController

/// A server on a real socket.
@Suite(.timeLimit(.minutes(5))) struct ArtifactServerTests {
    private static func target(_ artifact: Artifact) -> String {
        "/v1/indexes/resolve?image=\(artifact.key.image)&platform=\(artifact.key.platform)"
    }

    private struct Document: Decodable, Equatable {
        struct Reference: Decodable, Equatable {
            var mediaType: String
            var digest: Digest
            var size: Int64
        }

        struct Layer: Decodable, Equatable {
            var layerDigest: Digest
            var ztocDigest: Digest
            var size: Int64
        }

        var image: String
        var platform: String
        var sociIndex: Reference
        var ztocs: [Layer]
    }

    private struct Row: Decodable {
        var id: Int64
        var sourceImageRef, imageDigestRef, imageManifestDigest, imageConfigDigest, platform, accelerationKey: String
        var indexDigest, indexMediaType, status, error: String
        var indexSize: Int64
    }

    @Test func theDaemonFindsAndReadsAnIndex() async throws {
        let server = try await TestArtifactServer()
        let ztoc = testBytes(3 << 20, seed: 1)
        let made = try await server.artifact("app", [ztoc])
        let node = try #require(NodeName("gpu-1"))
        let client = ControllerClient(
            try HTTPURL("http://127.0.0.1:\(server.port)"), http: try HTTPClient(), node: node)
        let name = "docker.io/library/app"
        let platform = Platform(architecture: "amd64", os: "linux")
        let found = try await client.resolve(name, made.key.manifest, platform, timeLimit: 60)
        #expect(found == made.index)
        let bytes = try await client.read(try #require(found), limit: SOCIIndex.sizeLimit, timeLimit: 60)
        let layer = try #require(try SOCIIndex(decoding: bytes).ztocs().first)
        let folder = server.folder.path
        let stored = try await onBlockingThread { () throws in
            let file = try client.download(layer.descriptor, in: folder, timeLimit: 60)
            return file.readOnly.elementsEqual(ztoc)
        }
        #expect(stored)
        #expect(server.questions.last(node, made.key.manifest) != nil)
        #expect(try await client.resolve(name, Digest.of([1]), platform, timeLimit: 60) == nil)
        let arm = Platform(architecture: "arm64", os: "linux")
        #expect(try await client.resolve(name, made.key.manifest, arm, timeLimit: 60) == nil)
        await #expect(throws: HermesError.self) {
            _ = try await client.resolve("Not An Image", made.key.manifest, platform, timeLimit: 60)
        }
    }

    /// Each question counts, also one whose answer is kept; one without an index does not, nor one of nobody.
    @Test func nodesThatAskAreRemembered() async throws {
        let server = try await TestArtifactServer()
        let made = try await server.artifact("app", [[1]])
        let target = Self.target(made)
        for header in ["Hermes-Node: two", "Hermes-Node: three.example"] {
            #expect(try await server.ask(target, [header]).status == 200)
        }
        for header in ["Hermes-Node: A_b", "Hermes-Node: ", "Hermes-Node: \(String(repeating: "n", count: 254))"] {
            #expect(try await server.ask(target, [header]).status == 200)
        }
        let missing = Digest.of([9])
        let other = target.replacing("\(made.key.manifest)", with: "\(missing)")
        #expect(try await server.ask(other, ["Hermes-Node: two"]).status == 404)
        func last(_ name: String, _ digest: Digest) throws -> Int64? {
            server.questions.last(try #require(NodeName(name)), digest)
        }
        #expect(try last("two", made.key.manifest) != nil && last("three.example", made.key.manifest) != nil)
        #expect(try last("two", missing) == nil && last("four", made.key.manifest) == nil)
    }

    @Test func resolvesAnImage() async throws {
        let server = try await TestArtifactServer()
        let key = try TestArtifacts.key("app")
        let target = "/v1/indexes/resolve?image=app@\(key.manifest)&platform=linux%2Fx86_64"
        let missing = try await server.ask(target)
        #expect(missing.status == 404)
        #expect(missing.text == "{\"error\":\"index not ready for image=app@\(key.manifest) platform=linux/x86_64\"}")
        // A question changes nothing.
        #expect(try await server.ask("/v1/artifacts").text == "[]")
        let made = try await server.artifact("app", [[1, 2], [3]])
        let index = try #require(made.index)
        let expected = Document(
            image: key.image, platform: "linux/amd64",
            sociIndex: .init(mediaType: index.mediaType, digest: index.digest, size: index.size),
            ztocs: made.layers.map { .init(layerDigest: $0.layerDigest, ztocDigest: $0.digest, size: $0.size) })
        // The second answer is a kept one.
        for _ in 0..<2 {
            let answer = try await server.ask(target)
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
            #expect(try JSON.decode(Document.self, from: answer.body, name: "it") == expected)
            let head = try await server.ask(target, method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "\(answer.body.count)")
        }
        // An answer lasts as long as what it tells.
        _ = try await server.artifact("app", [[4]])
        #expect(try JSON.decode(Document.self, from: await server.ask(target).body, name: "it").ztocs.count == 1)
        _ = try await onBlockingThread { [store = server.store] in
            try store.collectGarbage(unusedFor: 1000, sizeBudget: 0)
        }
        #expect(try await server.ask(target).status == 404)
    }

    @Test func refusesWhatItCannotUnderstand() async throws {
        let server = try await TestArtifactServer()
        let digest = "sha256:" + String(repeating: "a", count: 64)
        #expect(try await server.ask("/v1/indexes/resolve").text == "{\"error\":\"missing image\"}")
        for (target, status) in [
            ("/v1/indexes/resolve?image=app@\(digest)", 400),
            ("/v1/indexes/resolve?image=app&platform=linux/amd64", 400),
            ("/v1/indexes/resolve?image=app@\(digest)&platform=linux", 400), ("/v1/indexes/resolve?image=%", 400),
            ("/v1/blobs/\(digest)", 404), ("/v1/blobs/sha256:x", 400), ("/v1/blobs/../x", 400),
            ("/v1/blobs/%2e%2e/%2e%2e/hermes.db", 400), ("/v1/blobs/..%2f..%2fhermes.db", 400), ("/v1/blobs/", 400),
            ("/v1/blobs", 404), ("/v1/blobs/../healthz", 400), ("/etc/passwd", 404), ("//v1/artifacts", 404),
            ("/v1/artifacts?limit=0", 400), ("/v1/artifacts?limit=1001", 400), ("/v1/artifacts?limit=-1", 400),
            ("/v1/artifacts?continue=x", 400), ("/v1/artifacts?limit=1000", 200),
        ] {
            let answer = try await server.ask(target)
            #expect(answer.status == status, "\(target)")
            #expect((answer.text.hasPrefix("{\"error\":\"")) == (status != 200), "\(target)")
        }
        for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
            let answer = try await server.ask("/healthz", method: method)
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD")
        }
    }

    @Test func servesABlobAndItsParts() async throws {
        let server = try await TestArtifactServer()
        let bytes = testBytes(700_001, seed: 3)
        let made = try await server.artifact("app", [bytes])
        let digest = made.layers[0].digest
        let path = "/v1/blobs/\(digest)"
        try await server.with { connection throws in
            let whole = try connection.ask(path)
            try #require(whole.status == 200 && whole.body == bytes)
            let expected = [
                "content-type": "application/octet-stream", "docker-content-digest": "\(digest)",
                "content-length": "700001", "etag": "\"\(digest)\"", "accept-ranges": "bytes",
                "cache-control": "public, max-age=31536000, immutable",
            ]
            for (name, value) in expected { try #require(whole.headers[name] == value) }
            let head = try connection.ask(path, method: "HEAD")
            try #require(head.status == 200 && head.body.isEmpty)
            for (name, value) in expected { try #require(head.headers[name] == value) }

            for (range, part) in [
                ("0-0", 0..<1), ("700000-", 700_000..<700_001), ("-1", 700_000..<700_001),
                ("262143-262144", 262_143..<262_145),
                ("1-800000", 1..<700_001),
            ] {
                let answer = try connection.ask(path, ["Range: bytes=\(range)"])
                try #require(answer.status == 206 && answer.body == Array(bytes[part]))
                try #require(
                    answer.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/700001")
            }
            let beyond = try connection.ask(path, ["Range: bytes=700001-"])
            try #require(beyond.status == 416 && beyond.headers["content-range"] == "bytes */700001")
            try #require(connection.ask(path, ["Range: bytes=0-1,3-4"]).body == bytes)
            try #require(connection.ask(path, ["Range: bytes=0-1", "If-Range: \"other\""]).body == bytes)
            try #require(
                try connection.ask(path, ["Range: bytes=0-1", "If-Range: \"\(digest)\""]).body == Array(bytes[..<2]))

            let unchanged = try connection.ask(path, ["If-None-Match: \"x\", \"\(digest)\""])
            try #require(
                unchanged.status == 304 && unchanged.body.isEmpty && unchanged.headers["etag"] == "\"\(digest)\"")
            // The connection is still in step.
            try #require(connection.ask("/healthz").text == "{\"status\":\"ok\"}")
            let index = try connection.ask("/v1/blobs/\(try #require(made.index).digest)")
            try #require(Digest.of(index.body) == made.index?.digest)
            try #require(index.headers["content-type"] == SOCIIndex.mediaType)
        }
    }

    @Test func servesTheCompressedForm() async throws {
        let server = try await TestArtifactServer()
        let bytes = testBytes(1000, seed: 4) + [UInt8](repeating: 0, count: 1 << 20)
        let made = try await server.artifact("app", [bytes, testBytes(10_000, seed: 5)])
        let digests = made.layers.map(\.digest)
        try await server.with { connection throws in
            let small = try connection.ask("/v1/blobs/\(digests[0])", ["Accept-Encoding: gzip, zstd"])
            try #require(small.headers["content-encoding"] == "zstd" && small.headers["vary"] == "Accept-Encoding")
            try #require(small.headers["docker-content-digest"] == "\(digests[0])")
            try #require(small.body.count < 2000)
            var plain: [UInt8] = []
            try small.body.withUnsafeBytes { try Zstandard.decompress($0) { plain += $0 } }
            try #require(plain == bytes)
            let tag = try #require(small.headers["etag"])
            try #require(tag != "\"\(digests[0])\"")
            let again = ["Accept-Encoding: zstd", "If-None-Match: \(tag)"]
            try #require(connection.ask("/v1/blobs/\(digests[0])", again).status == 304)
            try #require(connection.ask("/v1/blobs/\(digests[0])", ["If-None-Match: \(tag)"]).status == 200)
            // Parts are those of the blob itself.
            let part = try connection.ask("/v1/blobs/\(digests[0])", ["Accept-Encoding: zstd", "Range: bytes=0-9"])
            try #require(part.body == Array(bytes[..<10]) && part.headers["content-encoding"] == nil)
            // The other one does not shrink.
            let other = try connection.ask("/v1/blobs/\(digests[1])", ["Accept-Encoding: zstd"])
            try #require(other.headers["content-encoding"] == nil && other.body.count == 10_000)
        }
    }

    @Test func listsArtifactsPageByPage() async throws {
        let server = try await TestArtifactServer()
        for number in 0..<5 { _ = try await server.artifact("app\(number)", [[UInt8(number)]]) }
        let failed = try TestArtifacts.key("failed")
        try await onBlockingThread { [store = server.store] in
            try store.fail(failed, source: "failed:1", error: "no registry")
        }
        var rows: [Row] = []
        var target: String? = "/v1/artifacts?limit=2"
        var pages = 0
        while let next = target {
            let answer = try await server.ask(next)
            rows += try JSON.decode([Row].self, from: answer.body, name: "a page")
            pages += 1
            target = answer.headers["link"].map { link in
                #expect(link.hasSuffix(">; rel=\"next\""))
                return String(link.dropFirst().prefix { $0 != ">" })
            }
        }
        #expect(pages == 4 && rows.count == 6)
        #expect(rows.map(\.id) == rows.map(\.id).sorted(by: >))
        #expect(rows[0].status == "failed" && rows[0].error == "no registry" && rows[0].indexDigest.isEmpty)
        #expect(rows[0].imageDigestRef == failed.image && rows[0].sourceImageRef == "failed:1")
        let newest = try #require(try await server.with { _ in try server.store.find(TestArtifacts.key("app4")) })
        #expect(rows[1].indexDigest == newest.index?.digest.description && rows[1].indexSize == newest.index?.size)
        #expect(rows[1].status == "ready" && rows[1].accelerationKey.isEmpty && rows[1].platform == "linux/amd64")
        #expect(rows[1].imageManifestDigest == newest.key.manifest.description)
        #expect(rows[1].imageConfigDigest == newest.config?.description)
        #expect(try await server.ask("/v1/artifacts").headers["link"] == nil)
    }

    @Test func tellsOfItself() async throws {
        let box = ReadinessBox()
        let server = try await TestArtifactServer(unready: { box.isReady.load(ordering: .relaxed) ? nil : "no leader" })
        #expect(try await server.ask("/healthz").text == "{\"status\":\"ok\"}")
        let unready = try await server.ask("/readyz")
        #expect(unready.status == 503 && unready.text == "{\"error\":\"no leader\"}")
        box.isReady.store(true, ordering: .relaxed)
        #expect(try await server.ask("/readyz").status == 200)
        _ = try await server.ask("/v1/blobs/x")
        let metrics = try await server.ask("/metrics")
        #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(metrics.text.contains("\nhermes_test_value 7\n"))
        #expect(metrics.text.contains("hermes_controller_requests_total{request=\"readiness\",status=\"5xx\"} 1\n"))
        #expect(metrics.text.contains("hermes_controller_requests_total{request=\"blob\",status=\"4xx\"} 1\n"))
    }

    private final class ReadinessBox: Sendable { let isReady = Atomic(false) }

    @Test func aSecretIsAskedFor() async throws {
        let folder = try TestFolder()
        let file = try folder.write("token", Array("first\n".utf8))
        let server = try await TestArtifactServer(access: .secret(file: file))
        for headers in [[], ["Authorization: Bearer other"], ["Authorization: Basic first"], ["Authorization: Bearer"]]
        {
            let answer = try await server.ask("/v1/artifacts", headers)
            #expect(answer.status == 401 && answer.headers["www-authenticate"] == "Bearer")
        }
        for target in ["/healthz", "/readyz"] { #expect(try await server.ask(target).status == 200) }
        #expect(try await server.ask("/metrics").status == 401)
        #expect(try await server.ask("/v1/artifacts", ["Authorization: bearer first"]).status == 200)
        _ = try folder.write("token", Array("second".utf8))
        while try await server.ask("/v1/artifacts", ["Authorization: Bearer second"]).status != 200 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await server.ask("/v1/artifacts", ["Authorization: Bearer first"]).status == 401)
        // Without a secret, nothing is open.
        _ = try folder.write("token", [])
        while try await server.ask("/v1/artifacts", ["Authorization: Bearer second"]).status != 500 {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func aTokenCanBeCheckedElsewhere() async throws {
        let server = try await TestArtifactServer(
            access: .tokens { token in
                if token == "broken" { throw HermesError(.unavailable, "no API server") }
                return token == "right"
            })
        for (token, status) in [("right", 200), ("wrong", 401), ("broken", 503)] {
            let answer = try await server.ask("/v1/artifacts", ["Authorization: Bearer \(token)"])
            #expect(answer.status == status)
            #expect(answer.headers["retry-after"] == (status == 503 ? "5" : nil))
        }
    }

    @Test func servesTLS() async throws {
        let folder = try TestFolder()
        let (key, certificate) = ("\(folder.path)/key.pem", "\(folder.path)/certificate.pem")
        try TestTool.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
        ])
        let server = try await TestArtifactServer(tls: (certificate, key))
        let script = """
            import ssl, sys, urllib.request
            context = ssl.create_default_context(cafile=sys.argv[2])
            context.check_hostname = False
            print(urllib.request.urlopen(sys.argv[1], context=context).read().decode())
            """
        let url = "https://127.0.0.1:\(server.port)/healthz"
        let text = try await onBlockingThread {
            try TestTool.run([TestTool.python, "-c", script, url, certificate]).text
        }
        #expect(text == "{\"status\":\"ok\"}\n")
        let error = await #expect(throws: HermesError.self) { _ = try await TestArtifactServer(tls: (key, "/none")) }
        #expect(error?.code == .usage)
    }

    @Test func noHostIsEveryAddress() async throws {
        let folder = try TestFolder()
        let store = try ArtifactStore("\(folder.path)/store")
        let server = ArtifactServer(
            { store }, .init(host: "", port: 0), questions: NodeQuestions(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: { [] }, unready: { nil })
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let run = Task {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        var first = ports.makeAsyncIterator()
        let port = try #require(await first.next())
        try await onBlockingThread { try TestPort.waitUntilOpen(port) }
        run.cancel()
        _ = await run.result
    }

    @Test func anAddressThatIsTakenIsAnError() async throws {
        let server = try await TestArtifactServer()
        let second = ArtifactServer(
            { [store = server.store] in store }, .init(host: "127.0.0.1", port: server.port),
            questions: NodeQuestions(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: { [] },
            unready: { nil })
        let error = await #expect(throws: HermesError.self) { try await second.run { _ in } }
        #expect(error?.code == .unavailable)
        #expect(error?.description.hasSuffix("Address already in use") == true, "\(error?.description ?? "")")
    }

    @Test func whatIsAskedForIsNoted() async throws {
        let server = try await TestArtifactServer()
        let made = try await server.artifact("app", [[1]])
        let target = Self.target(made)
        while Timestamp.now().seconds == made.used { try await Task.sleep(for: .milliseconds(20)) }
        for _ in 0..<2 { #expect(try await server.ask(target).status == 200) }
        await server.stop()
        let used = try await onBlockingThread { [store = server.store] in try store.find(made.key)?.used }
        #expect(try #require(used) > made.used)
    }
}
