import ArgumentParser
import Glibc
import HermesCore
import HermesSupport

struct IndexExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a file or a tree out of an image, reading only the spans that it needs.",
        discussion: """
            EXAMPLES
              hermes index export docker.io/library/python:3.12 /etc/os-release --output os-release
              hermes index export --index hermes-index oci:image-folder / --output tree
            """
    )

    @OptionGroup var options: ImageOptions

    @Argument(help: "A file or folder in the image; symbolic links are followed.")
    var path = "/"

    @OptionGroup var cacheOptions: CacheOptions

    @Option(name: .shortAndLong, help: "Where to write. Nothing may exist there yet.")
    var output: String

    /// The most hard links without a target that are named one by one.
    private static let namedLinks = 20

    func run() throws {
        var status = stat()
        guard lstat(output, &status) != 0 else {
            throw HermesError(.cannotCreate, "cannot write to \(output): it exists")
        }
        let interrupt = try Interrupt()
        let (source, image) = try options.resolve()
        let cache = try cacheOptions.open()
        let threads = try FetchThreads()
        defer { threads.stop() }
        let lazy = try cacheOptions.prepare(
            image, from: source, in: cache, threads: threads, interrupt, log: CommandLog.logger())
        defer { lazy.close() }
        let number = try lazy.tree.resolve(path)
        let log = CommandLog.logger()
        var linksLeftOut = 0
        let exporter = TreeExporter(
            lazy,
            leftOut: { path in
                linksLeftOut += 1
                guard linksLeftOut <= Self.namedLinks else { return }
                log.warning(
                    "hard link left out: the image does not have its target",
                    metadata: ["image": "\(image.reference)", "file": "\(path)"])
            }, progress: { _ in try interrupt.check() })
        interrupt.hold()
        try exporter.export(number, to: output)
        let fetched = lazy.scheduler.counters.fetchedByteCount
        StandardError.write("exported \(path) to \(output), fetched \(Quantity.bytes(fetched))\n")
        guard linksLeftOut == 0 else {
            throw HermesError(
                .corrupt, "\(image.reference) has \(linksLeftOut) hard links without a target, which were left out")
        }
    }
}
