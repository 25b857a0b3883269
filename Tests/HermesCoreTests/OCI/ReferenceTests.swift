import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

@Suite struct ReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    /// The expectations are those of distribution/reference's own tests, and what `docker pull` makes of the names.
    @Test(arguments: [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        ("vllm/vllm-openai:v0.6", "docker.io/vllm/vllm-openai:v0.6"),
        ("index.docker.io/debian", "docker.io/library/debian:latest"),
        ("docker.io/a/b/c", "docker.io/a/b/c:latest"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("localhost:5000/a:b", "localhost:5000/a:b"),
        ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"),
        ("[::1]:5000/a:b", "[::1]:5000/a:b"),
        ("[fe80::1]/a", "[fe80::1]/a:latest"),
        ("registry.example/a__b/c-d.e---f:T_1.2-3", "registry.example/a__b/c-d.e---f:T_1.2-3"),
        ("Registry/a", "Registry/a:latest"),
        ("debian@\(digest)", "docker.io/library/debian@\(digest)"),
        ("r.io/a:b@\(digest)", "r.io/a:b@\(digest)"),
    ])
    func canonical(text: String, expected: String) throws {
        let reference = try Reference(text)
        #expect(reference.description == expected)
        // The canonical form means itself.
        #expect(try Reference(expected) == reference)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "https://docker.io/a", "a:", "a:b c", ":a", "A", "docker.io/A",
        "a@sha256:1", "a@", "a@\(digest)x", "a@sha512:\(String(repeating: "0", count: 128))", "a.-b", "a___b",
        "-a", "a-",
        "_a", "a/.b", "a/..", "..", "../a", "r.io:port/a", "r.io:0/a", "r.io:70000/a", "r_.io:1/a", "-r.io/a",
        "[::1/a", "r.io:/a",
        "r..io/a", "user@r.io/a", "a:\(String(repeating: "t", count: 129))", "a b", "a\n", "ä", "r.io/a?b",
        "r.io/a%2e",
        String(repeating: "ab", count: 32), String(repeating: "a/", count: 128) + "a",
    ])
    func refusesWhatIsNoReference(text: String) {
        let error = #expect(throws: HermesError.self) { try Reference(text) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("\n") == false)
    }

    @Test func partsOfAReference() throws {
        let reference = try Reference("ubuntu")
        #expect(reference.registry == "docker.io")
        #expect(reference.apiHost == "registry-1.docker.io")
        #expect(reference.target == "latest")
        #expect(try Reference("r.io:1/a").apiHost == "r.io:1")
        #expect(try Reference("r.io/a:b@\(Self.digest)").target == Self.digest)
    }

    @Test(arguments: [
        ("localhost", true), ("localhost:80", true), ("127.0.0.1:5000", true), ("127.1.2.3", true),
        ("[::1]:5", true),
        ("[::1]", true), ("127.evil.example", false), ("127.0.0.1.example", false),
        ("localhost.example:80", false),
        ("10.0.0.1", false), ("[::2]:5", false),
    ])
    func loopback(host: String, expected: Bool) {
        #expect(HTTPURL.isLoopback(host) == expected)
    }
}
