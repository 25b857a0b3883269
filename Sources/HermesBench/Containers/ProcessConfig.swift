import HermesSupport

/// The part of an image's configuration that says what runs in it (OCI image spec, config.md).
struct ProcessConfig: Sendable, Equatable {
    var user = ""
    var environment: [String] = []
    var entrypoint: [String] = []
    var command: [String] = []
    var folder = ""

    init() {}

    /// Parses a configuration. `name` names it in errors. Throws `corrupt`.
    init(parsing bytes: [UInt8], name: String) throws {
        struct Document: Decodable {
            struct Config: Decodable {
                var User: String?
                var Env: [String]?
                var Entrypoint: [String]?
                var Cmd: [String]?
                var WorkingDir: String?
            }
            var config: Config?
        }
        guard let config = try JSON.decode(Document.self, from: bytes, name: name).config else { return }
        user = config.User ?? ""
        environment = config.Env ?? []
        entrypoint = config.Entrypoint ?? []
        command = config.Cmd ?? []
        folder = config.WorkingDir ?? ""
    }

    /// What is run: as in a Pod, words of the caller's take the place of the image's command, and its entry point stays.
    func arguments(_ words: [String]) -> [String] { entrypoint + (words.isEmpty ? command : words) }
}
