import ArgumentParser
import Glibc
import HermesCore
import HermesSupport

struct IndexVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that an index fits its image, by reading every layer once.",
        discussion: """
            Checks each layer's digest and diff ID, each span's digest, that the spans inflate to the layer, and that the \
            index lists exactly the files of the layer at their places.

            EXAMPLES
              hermes index verify --index hermes-index docker.io/library/python:3.12
              hermes index verify registry.example.com/team/vllm:1.2
            """
    )

    @OptionGroup var options: ImageOptions

    @Option(help: "The OCI image layout that holds the index. (default: the image's referrers)")
    var index: String?

    func run() throws {
        let interrupt = try Interrupt()
        let (source, image) = try options.resolve()
        let files = try find(image, source)
        let display = ProgressDisplay(
            image.layers.map { (label: String($0.descriptor.digest.hex.prefix(12)), total: $0.descriptor.size) })
        let verifier = IndexVerifier(image: image, source: source, files: files)
        do {
            for layer in image.layers.indices {
                try verifier.verify(layer: layer) { bytes in
                    try interrupt.check()
                    display.advance(layer, by: bytes)
                }
                display.finish(layer, "fits")
            }
        } catch {
            display.stop()
            throw error
        }
        // The result, on standard output, comes below the bars.
        StandardError.flush()
        print("index \(files.digest) fits \(image.reference) (\(image.descriptor.digest))")
    }

    private func find(_ image: Image, _ source: any ImageSource) throws -> IndexFiles {
        if let index { return try IndexFiles.find(image, in: try ImageLayout(index)) }
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        guard let files = try waiting({ try await IndexFiles.findReferrer(image, at: source, in: folder) }) else {
            throw HermesError(
                .notFound, "\(image.reference) has no index among its referrers", advice: "name one with --index")
        }
        return files
    }
}
