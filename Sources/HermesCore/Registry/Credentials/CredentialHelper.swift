import FoundationEssentials
import HermesSupport

/// A program `docker-credential-NAME` on PATH that keeps credentials
/// (github.com/docker/docker-credential-helpers): asked with "get", the registry on its standard input, JSON on its
/// standard output.
struct CredentialHelper {
    private let program: HelperProgram

    private struct Answer: Decodable {
        var Username: String
        var Secret: String
    }

    /// Throws `usage` when `name` cannot be a part of a program's name: it comes from a file.
    init(_ name: String) throws {
        guard !name.utf8.isEmpty,
            name.utf8.allSatisfy({ $0.isAlphanumeric || "-_.".utf8.contains($0) })
        else { throw HermesError(.usage, "\"\(name.printable(60))\" is not the name of a credential helper") }
        self.init(program: "docker-credential-\(name)")
    }

    /// The helper that is this program; without a slash it is searched on PATH.
    init(program: String) { self.program = HelperProgram(program: program, arguments: ["get"]) }

    /// Asks for a registry's credentials; nil when the helper has none. Throws `denied` when it fails. Blocks for up to
    /// 30 seconds. The helper's output is never shown: it may be a secret.
    func credentials(for registry: String) throws -> Credentials? {
        let (status, output) = try program.run(input: Array(registry.utf8))
        guard status == 0 else {
            let text = String(decoding: output.prefix(200), as: UTF8.self).lowercased()
            if text.contains("credentials not found") { return nil }
            throw program.failure("it failed (status \(status))")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)) else {
            throw program.failure("its answer is not JSON with Username and Secret")
        }
        if answer.Username.isEmpty && answer.Secret.isEmpty { return nil }
        return answer.Username == "<token>"
            ? .identityToken(answer.Secret) : .password(user: answer.Username, password: answer.Secret)
    }
}
