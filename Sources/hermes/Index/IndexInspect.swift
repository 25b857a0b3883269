import ArgumentParser
import Glibc
import HermesCore
import HermesSupport

struct IndexInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what an index holds: layers, files, spans, sizes.",
        discussion: """
            EXAMPLES
              hermes index inspect hermes-index
              hermes index inspect --format json registry.example.com/team/vllm:1.2
            """
    )

    @Argument(help: "An OCI image layout that holds indexes, or an image whose index is among its referrers.")
    var target: String

    @Option(help: "The platform, where an image is named. (default: this machine's)")
    var platform: String?

    @Flag(help: "Talk plain HTTP to the registry.")
    var plainHTTP = false

    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    func run() throws {
        let results = access("\(target)/oci-layout", F_OK) == 0 ? try inspectLayout() : [try inspectReferrer()]
        switch format {
        case .json: try JSONOutput.print(results)
        case .table: print(results.map(\.table).joined(separator: "\n\n"))
        }
    }

    private func inspectLayout() throws -> [IndexInspection] {
        let layout = try ImageLayout(target)
        let found = try layout.sociIndexes()
        guard !found.isEmpty else { throw HermesError(.notFound, "\(target) holds no index") }
        return try found.map { descriptor, index in
            try IndexInspection(descriptor.digest, index) { ztoc in
                let file = try MappedFile(try OpenFile(layout.blobPath(ztoc.digest), O_RDONLY))
                guard Digest.of(file.readOnly) == ztoc.digest else {
                    throw HermesError(.corrupt, "the bytes of \(file.path) do not have the digest in its name")
                }
                return file
            }
        }
    }

    private func inspectReferrer() throws -> IndexInspection {
        let platform = try self.platform.map { try Platform(parsing: $0) } ?? .host
        let source = try ImageSources.open(target, plainHTTP: plainHTTP ? true : nil)
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let files = try waiting {
            let image = try await source.resolve(platform: platform)
            guard let files = try await IndexFiles.findReferrer(image, at: source, in: folder) else {
                throw HermesError(.notFound, "\(image.reference) has no index among its referrers")
            }
            return files
        }
        var mapped = Dictionary(files.layers.map { ($0.ztoc.digest, $0.file) }, uniquingKeysWith: { one, _ in one })
        return try IndexInspection(files.digest, files.index) { ztoc in
            guard let file = mapped.removeValue(forKey: ztoc.digest) else {
                throw HermesError(.corrupt, "the index lists layer \(ztoc.layerDigest) twice")
            }
            return file
        }
    }
}
