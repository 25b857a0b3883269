import ArgumentParser
import HermesCore

/// What every command that takes an image has in common.
struct ImageOptions: ParsableArguments {
    @Argument(help: "An image reference such as docker.io/library/python:3.12, or oci:DIR[:TAG].")
    var image: String

    @Option(help: "The platform, as os/architecture[/variant]. (default: this machine's)")
    var platform: String?

    @Flag(help: "Talk plain HTTP to the registry. Registries on this machine's loopback need no option.")
    var plainHTTP = false

    @Option(help: "The folder with containerd's hosts.toml files: mirrors, certificates and headers of registries.")
    var hostsDir = HostsFolder.standard.path

    /// Opens the image's source and resolves its manifest.
    func resolve() throws -> (source: any ImageSource, image: Image) {
        let platform = try self.platform.map { try Platform(parsing: $0) } ?? .host
        let source = try ImageSources.open(image, plainHTTP: plainHTTP ? true : nil, hosts: HostsFolder(hostsDir))
        return (source, try waiting { try await source.resolve(platform: platform) })
    }
}

/// How a command's result is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}
