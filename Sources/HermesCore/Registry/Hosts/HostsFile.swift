/// containerd's hosts.toml: which hosts serve a registry's images, in the order in which they are asked
/// (containerd docs/hosts.md). A value: reading it touches no other file.
public struct HostsFile: Sendable, Equatable {
    /// One host, with what it may be asked for and how it is connected to. Paths are as the file has them.
    public struct Host: Sendable, Equatable {
        /// The host's URL, with a scheme; nil for the registry itself.
        public var url: String?
        /// What it may be asked for.
        public var capabilities: HostCapabilities = .all
        /// Files with certificate authorities, beside those of the system.
        public var authorities: [String] = []
        /// Files with a client's certificate, and its key; a nil key is in the certificate's file.
        public var clients: [ClientCertificate] = []
        /// Whether the certificate goes unchecked; nil when the file does not say.
        public var skipVerify: Bool?
        /// Whether the URL's path is the root of the API as it stands, without "/v2".
        public var overridePath = false
        /// Header fields for every request, names as written, in order.
        public var headers: [HostHeader] = []
        /// Milliseconds that a connection may take; nil for the default.
        public var dialTimeout: Int?
        /// The URL of its proxy, in place of the environment's.
        public var proxy: String?

        /// Whether the file says anything about TLS.
        var hasTLSSettings: Bool { !authorities.isEmpty || !clients.isEmpty || skipVerify != nil }
    }

    /// A client's certificate and key.
    public struct ClientCertificate: Sendable, Equatable {
        /// The certificate's file.
        public var certificate: String
        /// The key's file; nil when the certificate's has it.
        public var key: String?
    }

    /// One header field.
    public struct HostHeader: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: String
    }

    /// The mirrors, in the order of the file.
    public var hosts: [Host] = []
    /// Who is asked last: the file's `server`, or the registry itself.
    public var server = Host()

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 256 << 10
}

/// What a host may be asked for. containerd trusts a host without `resolve` with bytes that a digest names, but not with
/// what a tag stands for.
public struct HostCapabilities: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set of bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Manifests and blobs by their digest.
    public static let pull = HostCapabilities(rawValue: 1)
    /// What a tag stands for, and what refers to a manifest.
    public static let resolve = HostCapabilities(rawValue: 2)
    /// Uploads.
    public static let push = HostCapabilities(rawValue: 4)
    /// Everything.
    public static let all: HostCapabilities = [.pull, .resolve, .push]
}
