import HermesSupport

/// The part of an image's configuration that describes its file system (OCI image spec, config.md).
package struct ImageConfig: Codable, Sendable, Equatable {
    /// The layers' uncompressed identities.
    package struct RootFS: Codable, Sendable, Equatable {
        /// Always "layers".
        package var type: String
        /// The SHA-256 of each uncompressed layer, lowest first.
        package var diffIDs: [Digest]

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    /// The processor that the image runs on.
    package var architecture: String
    /// The operating system that the image runs on.
    package var os: String
    /// The version of the processor.
    package var variant: String?
    /// The version of the operating system; Windows only.
    package var osVersion: String?
    /// The layers' uncompressed identities.
    package var rootfs: RootFS

    private enum CodingKeys: String, CodingKey {
        case architecture, os, variant, rootfs
        case osVersion = "os.version"
    }

    /// The largest configuration that is read, in bytes.
    package static let sizeLimit = 8 << 20

    /// Parses a configuration. `name` names it in errors. Throws `corrupt`.
    package static func parse(_ bytes: [UInt8], name: String) throws -> ImageConfig {
        let config = try JSON.decode(ImageConfig.self, from: bytes, name: name)
        guard config.rootfs.type == "layers" else {
            throw HermesError(.corrupt, "\(name) has a root file system that is not made of layers")
        }
        return config
    }

    /// The platform on which the image runs.
    package var platform: Platform {
        Platform(architecture: architecture, os: os, variant: variant, osVersion: osVersion).normalized
    }
}
