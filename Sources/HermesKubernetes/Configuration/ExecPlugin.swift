import HermesSupport

/// A program that gives credentials (client.authentication.k8s.io, "client-go credential plugins"). A value.
package struct ExecPlugin: Sendable {
    /// The versions of the protocol that are spoken; they differ in nothing that a client without a terminal sees.
    static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    /// The program; without a slash it is searched on PATH.
    package var command: String
    package var arguments: [String]
    /// Added to this process's environment.
    package var environment: [(name: String, value: String)]
    /// One of `versions`.
    package var apiVersion: String
    /// Whether the program is told which cluster it is for.
    package var providesCluster: Bool

    package init(
        command: String, arguments: [String] = [], environment: [(name: String, value: String)] = [],
        apiVersion: String = "client.authentication.k8s.io/v1", providesCluster: Bool = false
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.apiVersion = apiVersion
        self.providesCluster = providesCluster
    }

    /// What the program answers.
    struct Answer: Decodable {
        struct Status: Decodable {
            var expirationTimestamp: String?
            var token: String?
            var clientCertificateData: String?
            var clientKeyData: String?
        }
        var apiVersion: String
        var kind: String
        var status: Status?
    }

    /// What the program is told, in the variable KUBERNETES_EXEC_INFO.
    private struct Question: Encodable {
        struct Cluster: Encodable {
            enum CodingKeys: String, CodingKey {
                case server
                case authorities = "certificate-authority-data"
                case skipsVerification = "insecure-skip-tls-verify"
            }
            var server: String
            var authorities: String?
            var skipsVerification: Bool?
        }
        struct Spec: Encodable {
            var cluster: Cluster?
            var interactive = false
        }
        var apiVersion: String
        var kind = "ExecCredential"
        var spec: Spec
    }

    /// Runs the program. Throws `denied` when it fails or gives nothing; no error has a part of its output, which may
    /// be a secret. Blocks for up to a minute.
    func run(for configuration: ClusterConfiguration) throws -> Answer.Status {
        let cluster = Question.Cluster(
            server: configuration.server.text, authorities: configuration.authorities.map(Base64.encode),
            skipsVerification: configuration.verifies ? nil : true)
        let question = Question(apiVersion: apiVersion, spec: .init(cluster: providesCluster ? cluster : nil))
        let info = String(decoding: try JSON.encode(question), as: UTF8.self)
        let program = HelperProgram(
            program: command, arguments: arguments,
            environment: environment.filter { $0.name != "KUBERNETES_EXEC_INFO" } + [("KUBERNETES_EXEC_INFO", info)],
            timeLimit: 60_000)
        let (status, output) = try program.run(input: [])
        guard status == 0 else { throw program.failure("it failed (status \(status))") }
        guard let answer = try? JSON.decode(Answer.self, from: output, name: command),
            answer.kind == "ExecCredential", answer.apiVersion == apiVersion, let status = answer.status
        else { throw program.failure("its answer is not an ExecCredential of \(apiVersion)") }
        let hasCertificate = status.clientCertificateData?.isEmpty == false
        guard hasCertificate == (status.clientKeyData?.isEmpty == false) else {
            throw program.failure("its answer has only one of certificate and key")
        }
        guard hasCertificate || status.token?.isEmpty == false else {
            throw program.failure("its answer has neither a token nor a certificate")
        }
        return status
    }
}

extension ExecPlugin: CustomStringConvertible, CustomReflectable {
    // Arguments and variables may be secrets.
    package var description: String { command.printable(300) }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
