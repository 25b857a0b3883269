import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct DockerConfigTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func lookup(_ json: String, _ registry: String) throws -> Credentials? {
        let path = try folder.write("config.json", Array(json.utf8))
        return try DockerConfig(path: path)?.credentials(for: registry)
    }

    /// The values of `auth` are from `printf 'u:p:q' | base64` and the like.
    @Test(arguments: [
        ("r.io", Credentials.password(user: "u", password: "p:q") as Credentials?),
        ("docker.io", .password(user: "hub", password: "x")), ("v2.io", .password(user: "a", password: "b")),
        ("token.io", .identityToken("refresh")), ("plain.io", .password(user: "n", password: "s")),
        ("spaced.io", nil), ("empty.io", nil), ("io", nil), ("r.io:5000", nil),
    ])
    func findsEntries(registry: String, expected: Credentials?) throws {
        let json = """
            {"auths": {
              "r.io": {"auth": "dTpwOnE="}, "https://index.docker.io/v1/": {"auth": "aHViOng="},
              "https://v2.io/v2/": {"auth": "YTpi"}, "token.io": {"auth": "dTo=", "identitytoken": "refresh"},
              "plain.io": {"username": "n", "password": "s"}, "spaced.io/team": {"auth": "YTpi"}, "empty.io": {}
            }, "HttpHeaders": {"X": "y"}}
            """
        #expect(try lookup(json, registry) == expected)
    }

    @Test func badFilesAreNamed() throws {
        for json in [
            "", "[]", #"{"auths": 5}"#, #"{"auths": {"r.io": {"auth": "bm9jb2xvbg=="}}}"#,
            #"{"auths": {"r.io": {"auth": "%"}}}"#,
        ] {
            let error = #expect(throws: HermesError.self) { try lookup(json, "r.io") }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains(folder.path) == true)
        }
        #expect(try DockerConfig(path: "\(folder.path)/none") == nil)
    }

    private func helper(_ script: String) throws -> CredentialHelper {
        let path = "\(folder.path)/helper-\(UInt64.random(in: 0...UInt64.max))"
        let file = try AtomicFile(in: folder.path)
        try Array("#!/bin/sh\n\(script)\n".utf8).withUnsafeBytes { try file.write($0) }
        try file.commit(to: path, mode: 0o755)
        return CredentialHelper(program: path)
    }

    @Test func asksHelpers() async throws {
        let password = try helper(#"read name; echo "{\"Username\":\"$1\",\"Secret\":\"for $name\"}""#)
        let token = try helper(#"echo '{"Username":"<token>","Secret":"t"}'"#)
        let none = try helper("echo 'credentials not found in native keychain'; exit 1")
        let (first, second, third) = try await onBlockingThread {
            (
                try password.credentials(for: "r.io:5000"), try token.credentials(for: "r.io"),
                try none.credentials(for: "r.io")
            )
        }
        #expect(first == .password(user: "get", password: "for r.io:5000"))
        #expect(second == .identityToken("t"))
        #expect(third == nil)
    }

    @Test(arguments: ["echo hunter2; exit 3", "echo hunter2", "kill -9 $$", "true"])
    func helpersThatFailKeepTheirSecret(script: String) async throws {
        let helper = try helper(script)
        let error = await #expect(throws: HermesError.self) {
            try await onBlockingThread { try helper.credentials(for: "r.io") }
        }
        #expect(error?.code == .denied)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func helpersThatAreMissingOrMisnamed() throws {
        let error = #expect(throws: HermesError.self) {
            try lookup(#"{"credHelpers": {"r.io": "hermes-test-missing"}}"#, "r.io")
        }
        #expect(error?.code == .denied)
        #expect(error?.message.contains("docker-credential-hermes-test-missing") == true)
        for name in ["../x", "a b", "a/b"] {
            #expect(throws: HermesError.self) { try lookup(#"{"credsStore": "\#(name)"}"#, "r.io") }
        }
        #expect(try lookup(#"{"credHelpers": {"r.io": "hermes-test-missing"}}"#, "other.io") == nil)
    }
}
