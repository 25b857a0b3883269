import Testing

@testable import HermesCore
@testable import HermesSupport

/// Against the keys that a kubelet takes in the Secrets of a Pod (kubernetes.io/dockerconfigjson and dockercfg).
@Suite struct PullSecretTests {
    private func find(_ json: String, isLegacy: Bool = false, _ image: String) throws -> Credentials? {
        let reference = try Reference(image)
        return try DockerConfig(pullSecret: Array(json.utf8), isLegacy: isLegacy, name: "the secret team/pull")
            .credentials(for: CredentialScope(registry: reference.registry, repository: reference.repository))
    }

    /// The values of `auth` are from `printf 'a:b' | base64` and the like.
    @Test(arguments: [
        ("r.io/team/app:1", Credentials.password(user: "team", password: "t") as Credentials?),
        ("r.io/other/app:1", .password(user: "all", password: "a")),
        ("one.r.io/app", .password(user: "star", password: "s")), ("one.two.r.io/app", nil),
        ("debian:12", .password(user: "hub", password: "h")), ("elsewhere.io/app", nil),
    ])
    func theNearestKeyDecides(image: String, expected: Credentials?) throws {
        let json = """
            {"auths": {
              "r.io": {"auth": "YWxsOmE="}, "r.io/team": {"auth": "dGVhbTp0"}, "*.r.io": {"auth": "c3Rhcjpz"},
              "https://index.docker.io/v1/": {"username": "hub", "password": "h"}
            }}
            """
        #expect(try find(json, image) == expected)
    }

    @Test func readsTheOlderForm() throws {
        let json = #"{"r.io": {"auth": "YWxsOmE=", "email": "x@y"}}"#
        #expect(try find(json, isLegacy: true, "r.io/app") == .password(user: "all", password: "a"))
    }

    @Test func runsNoProgram() throws {
        let json = #"{"auths": {}, "credsStore": "../../../bin/sh", "credHelpers": {"r.io": "missing"}}"#
        #expect(try find(json, "r.io/app") == nil)
    }

    @Test func namesABadSecretAndShowsNothingOfIt() throws {
        for json in ["", #"{"auths": {"r.io": {"auth": "cGFzc3dvcmQ="}}}"#, #"{"auths": "cGFzc3dvcmQ="}"#] {
            let error = #expect(throws: HermesError.self) { try find(json, "r.io/app") }
            #expect(error?.code == .corrupt)
            #expect(error.map { "\($0)".contains("team/pull") && !"\($0)".contains("cGFzc3dvcmQ") } == true)
        }
    }
}
