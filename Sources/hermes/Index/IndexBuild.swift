import ArgumentParser
import Glibc
import HermesCore
import HermesSupport

struct IndexBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the index of an image, reading each layer once.",
        discussion: """
            The layers stream from the registry; nothing is stored but the index, and no root is needed. A layer whose \
            zTOC the output already has is not read again.

            EXAMPLES
              hermes index build docker.io/library/python:3.12
              hermes index build --push registry.example.com/team/vllm:1.2
              hermes index build --output index oci:image-folder:latest
            """
    )

    @OptionGroup var options: ImageOptions

    @Option(
        help: """
            Uncompressed bytes between two checkpoints, such as 1MiB or 4MiB. A smaller size fetches less for a \
            small read and makes a larger index.
            """)
    var spanSize = "2MiB"

    @Option(name: .shortAndLong, help: "The OCI image layout for the index. It is made when it is missing.")
    var output = "hermes-index"

    @Flag(help: "Also push the index to the image's repository, as a referrer of the image.")
    var push = false

    @Option(help: "Layers to read at the same time. (default: one per processor)")
    var jobs: Int?

    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    func run() throws {
        let spanSize = try OptionValues.spanSize(spanSize)
        guard jobs.map({ (1...256).contains($0) }) ?? true else {
            throw HermesError(.usage, "--jobs takes a number from 1 to 256")
        }
        let interrupt = try Interrupt()
        let (source, image) = try options.resolve()
        if push, !(source is RegistrySource) {
            throw HermesError(.usage, "--push needs an image in a registry, and \(source.name) is a folder")
        }
        interrupt.hold()
        let isNew = access(output, F_OK) != 0
        let layout = try ImageLayout.openOrCreate(output)
        var run = IndexRun(image: image, source: source, layout: layout, spanSize: spanSize)
        if let jobs { run.jobs = jobs }
        let report: IndexBuilder.Report
        do {
            report = try run.run(interrupt)
        } catch {
            if isNew { try? layout.removeIfUnlisted() }
            throw error
        }
        if push, let registry = source as? RegistrySource {
            try waiting { try await registry.push(report.descriptor, of: image, from: layout) }
        }
        let result = IndexBuildResult(image, report, output: output, isPushed: push)
        switch format {
        case .json: try JSONOutput.print(result)
        case .table: print(result.table)
        }
    }
}
