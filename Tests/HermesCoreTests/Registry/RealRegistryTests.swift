import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

/// Against Debian's docker-registry, with an image that umoci made and skopeo pushed.
@Suite struct RealRegistryTests {
    private static let open = Result { try RealRegistry(password: false) }
    private static let closed = Result { try RealRegistry(password: true) }
    private static let soci = "application/vnd.amazon.soci.index.v1+json"

    private func source(_ registry: RealRegistry) throws -> any ImageSource {
        try ImageSources.open("127.0.0.1:\(registry.port)/test/image:v1")
    }

    @Test func resolvesAnImageAsSkopeoSeesIt() async throws {
        let registry = try Self.open.get()
        let image = try await source(registry).resolve(platform: .host)
        let digest = try TestProcess.run([
            "skopeo", "--insecure-policy", "inspect", "--tls-verify=false", "--format", "{{.Digest}}",
            "docker://127.0.0.1:\(registry.port)/test/image:v1",
        ])
        #expect(image.descriptor.digest.description == digest.trimmingASCIISpace)
        #expect(image.layers.count == 2)
        #expect(image.layers.allSatisfy { $0.compression == .gzip && !$0.isForeign })
        #expect(image.descriptor.platform == .host)
    }

    @Test func streamsAndRangesMatchTheLayout() async throws {
        let registry = try Self.open.get()
        let source = try source(registry)
        let image = try await source.resolve(platform: .host)
        for layer in image.layers {
            let expected = try registry.layout.readBlob(layer.descriptor, limit: 1 << 30)
            let streamed = try await onBlockingThread { try readAll(source.openBlob(layer.descriptor)) }
            #expect(streamed == expected)
            for range in [0..<1, 1..<20_000, Int64(expected.count - 1)..<Int64(expected.count), 5..<5] {
                let bytes = try await collect {
                    source.fetchRange(
                        of: layer.descriptor.digest, range: range, terms: .background, deliver: $0, completion: $1)
                }
                #expect(bytes == Array(expected[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
        }
    }

    @Test func refusesAPlatformThatIsNotThere() async throws {
        let source = try source(Self.open.get())
        let error = await #expect(throws: HermesError.self) {
            try await source.resolve(platform: Platform(parsing: "windows/s390x"))
        }
        #expect(error?.code == .notFound)
        #expect(error?.advice == "it has \(Platform.host)")
    }

    @Test func namesWhatIsMissing() async throws {
        let registry = try Self.open.get()
        let source = try ImageSources.open("127.0.0.1:\(registry.port)/test/image:v2")
        let error = await #expect(throws: HermesError.self) { try await source.resolve(platform: .host) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("test/image:v2") == true)
    }

    @Test func pushesABlobFromMemoryAndFromAFile() async throws {
        let registry = try Self.open.get()
        let http = try HTTPClient()
        let client = try registry.client(http)
        let bytes = testBytes(5_000_000, seed: 99)
        let digest = Digest.of(bytes)
        #expect(try await client.hasBlob(repository: "test/memory", digest) == false)
        let size = Int64(bytes.count)
        #expect(
            try await client.pushBlob(
                repository: "test/memory", digest: digest, size: size, from: .bytes(bytes)))
        #expect(
            try await !client.pushBlob(
                repository: "test/memory", digest: digest, size: size, from: .bytes(bytes)))
        let path = try registry.folder.write("upload", bytes)
        #expect(
            try await client.pushBlob(
                repository: "test/file", digest: digest, size: size, from: .file(path: path)))
        let descriptor = Descriptor(mediaType: "x", digest: digest, size: size)
        #expect(try await client.readBlob(repository: "test/file", descriptor, limit: 1 << 23) == bytes)
        #expect(try await client.readBlob(repository: "test/memory", descriptor, limit: 1 << 23) == bytes)
        // A file that is shorter than it was said to be must not end in a wait or in a blob.
        let error = await #expect(throws: HermesError.self) {
            try await client.pushBlob(
                repository: "test/short", digest: digest, size: size + 1, from: .file(path: path))
        }
        #expect(error?.code == .io)
    }

    @Test func keepsReferrersUnderTheFallbackTag() async throws {
        let registry = try Self.open.get()
        let client = try registry.client(try HTTPClient())
        let subject = try await client.resolve(Reference("127.0.0.1:\(registry.port)/test/image:v1"))
        let repository = "test/image"
        #expect(try await client.referrers(repository: repository, of: subject.digest) == [])

        let empty = Array("{}".utf8)
        try await client.pushBlob(repository: repository, digest: .of(empty), size: 2, from: .bytes(empty))
        var pushed: [Descriptor] = []
        for (type, note) in [(Self.soci, "first"), ("application/x.other", "second"), (Self.soci, "third")] {
            let manifest = ImageManifest(
                config: Descriptor(mediaType: type, digest: .of(empty), size: 2), layers: [],
                subject: subject,
                annotations: ["note": note])
            pushed.append(
                try await client.pushReferrer(
                    repository: repository, try JSON.encode(manifest), subject: subject.digest,
                    artifactType: type, annotations: manifest.annotations))
        }
        #expect(try await client.referrers(repository: repository, of: subject.digest) == pushed)
        let found = try await client.referrers(
            repository: repository, of: subject.digest, artifactType: Self.soci)
        #expect(found == [pushed[0], pushed[2]])

        // The same again replaces its entry, with the new annotations, and keeps the others.
        let bytes = try await client.manifest(repository: repository, pushed[1])
        try await client.pushReferrer(
            repository: repository, bytes, subject: subject.digest, artifactType: "application/x.other",
            annotations: ["note": "changed"])
        let after = try await client.referrers(repository: repository, of: subject.digest)
        #expect(after.map(\.digest) == [pushed[0].digest, pushed[2].digest, pushed[1].digest])
        #expect(after.last?.annotations == ["note": "changed"])
    }

    @Test func logsInWithNameAndPassword() async throws {
        let registry = try Self.closed.get()
        let http = try HTTPClient()
        let client = try registry.client(http, .password(user: "hermes", password: "secret"))
        let reference = try Reference("127.0.0.1:\(registry.port)/test/image:v1")
        let source = RegistrySource(client: client, reference: reference)
        let image = try await source.resolve(platform: .host)
        let layer = image.layers[0].descriptor
        let streamed = try await onBlockingThread { try readAll(source.openBlob(layer)) }
        #expect(Digest.of(streamed) == layer.digest)
        let bytes = testBytes(1000, seed: 1)
        #expect(
            try await client.pushBlob(
                repository: "new/one", digest: .of(bytes), size: 1000, from: .bytes(bytes)))
    }

    @Test(arguments: [nil, Credentials.password(user: "hermes", password: "wrong-password")])
    func refusedLoginsSayWhatToDo(credentials: Credentials?) async throws {
        let registry = try Self.closed.get()
        let client = try registry.client(try HTTPClient(), credentials)
        let reference = try Reference("127.0.0.1:\(registry.port)/test/image:v1")
        let error = await #expect(throws: HermesError.self) { try await client.resolve(reference) }
        #expect(error?.code == .denied)
        #expect(error?.advice?.contains("docker login 127.0.0.1:\(registry.port)") == true)
        #expect(error?.description.contains("wrong-password") == false)
    }
}
