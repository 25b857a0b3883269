/// The part of an image's configuration that describes its file system (OCI image spec, config.md).
public struct ImageConfig: Codable, Sendable, Equatable {
    /// The layers' uncompressed identities.
    public struct RootFS: Codable, Sendable, Equatable {
        /// Always "layers".
        public var type: String
        /// The SHA-256 of each uncompressed layer, lowest first.
        public var diffIDs: [Digest]

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    /// The processor that the image runs on.
    public var architecture: String
    /// The operating system that the image runs on.
    public var os: String
    /// The version of the processor.
    public var variant: String?
    /// The version of the operating system; Windows only.
    public var osVersion: String?
    /// The layers' uncompressed identities.
    public var rootfs: RootFS

    private enum CodingKeys: String, CodingKey {
        case architecture, os, variant, rootfs
        case osVersion = "os.version"
    }

    /// The largest configuration that is read, in bytes.
    public static let sizeLimit = 8 << 20

    /// Parses a configuration. `name` is what error messages call it. Throws `corrupt`.
    public static func parse(_ bytes: [UInt8], name: String) throws -> ImageConfig {
        let config = try JSON.decode(ImageConfig.self, from: bytes, name: name)
        guard config.rootfs.type == "layers" else {
            throw HermesError(.corrupt, "\(name) has a root file system that is not made of layers")
        }
        return config
    }

    /// What the image runs on.
    public var platform: Platform {
        Platform(architecture: architecture, os: os, variant: variant, osVersion: osVersion).normalized
    }
}
