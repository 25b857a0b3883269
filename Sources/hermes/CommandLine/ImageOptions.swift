import ArgumentParser
import HermesCore
import HermesSupport
import Logging

/// The options of every command that takes an image.
struct ImageOptions: ParsableArguments {
    @Argument(help: "An image reference such as docker.io/library/python:3.12, or oci:DIR[:TAG].")
    var image: String

    @Option(help: "The platform, as os/architecture[/variant]. (default: this machine's)")
    var platform: String?

    @Flag(help: "Talk plain HTTP to the registry. Registries on this machine's loopback need no option.")
    var plainHTTP = false

    @Option(help: "The folder with containerd's hosts.toml files: mirrors, certificates and headers of registries.")
    var hostsDir = HostsFolder.standard.path

    @Option(
        help: "A kubelet's CredentialProviderConfig: its providers are asked before Docker's and containers' logins.")
    var imageCredentialProviderConfig: String?

    @Option(help: "The folder with the programs of those providers.")
    var imageCredentialProviderBinDir: String?

    func validate() throws {
        guard (imageCredentialProviderConfig == nil) == (imageCredentialProviderBinDir == nil) else {
            throw ValidationError(
                "--image-credential-provider-config and --image-credential-provider-bin-dir go together")
        }
    }

    /// Opens the image's source and resolves its manifest.
    func resolve() throws -> (source: any ImageSource, image: Image) {
        let (source, platform) = try open()
        return (source, try waiting { try await source.resolve(platform: platform) })
    }

    /// Does the same as `resolve`, and also uses the documents that the cache has of the image.
    func resolve(in cache: ImageCache, log: Logger) throws -> (source: any ImageSource, image: Image) {
        let (source, platform) = try open()
        return (source, try waiting { try await cache.resolve(source, platform: platform, log: log) })
    }

    /// Opens the image's source, and gives the platform that is wanted.
    func open() throws -> (any ImageSource, Platform) {
        let platform = try self.platform.map { try Platform(parsing: $0) } ?? .host
        let source = try ImageSources.open(
            image, plainHTTP: plainHTTP ? true : nil, hosts: HostsFolder(hostsDir), credentials: try credentials())
        return (source, platform)
    }

    private func credentials() throws -> CredentialLookup {
        guard let path = imageCredentialProviderConfig, let folder = imageCredentialProviderBinDir else {
            return CredentialSources.standard
        }
        let kubelet = try KubeletCredentials(configuration: path, programs: folder)
        return CredentialSources.first([kubelet.lookup, CredentialSources.standard])
    }
}

/// How a command's result is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}
