import ArgumentParser
import Glibc
import HermesCore
import HermesSupport

struct IndexInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what an index holds: layers, files, spans, sizes.",
        discussion: """
            Where an image is named, the layers are listed as well that its index leaves out, as those of soci-snapshotter do below \
            10 MiB.

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
        let (image, found) = try waiting {
            let image = try await source.resolve(platform: platform)
            guard let found = try await IndexFiles.referrer(of: image, at: source) else {
                throw HermesError(.notFound, "\(image.reference) has no index among its referrers")
            }
            return (image, found)
        }
        var blobs = Dictionary(
            image.layers.map { ($0.descriptor.digest, $0.descriptor) }, uniquingKeysWith: { one, _ in one })
        return try IndexInspection(found.digest, found.index, of: image) { ztoc in
            guard let blob = blobs.removeValue(forKey: ztoc.layerDigest) else {
                throw HermesError(
                    .corrupt, "the index lists layer \(ztoc.layerDigest) twice, or as one that the image does not have")
            }
            return try IndexFiles.open(ztoc, of: blob, at: source, in: folder)
        }
    }
}
