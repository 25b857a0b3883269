/// containerd's hosts.toml: which hosts serve a registry's images, in the order in which they are asked
/// (containerd docs/hosts.md). A value: reading it touches no other file.
package struct HostsFile: Sendable, Equatable {
    /// One host, with its capabilities and the settings of its connections. Paths are as the file has them.
    package struct Host: Sendable, Equatable {
        /// The host's URL, with a scheme; nil for the registry itself.
        package var url: String?
        /// The requests that the host may be asked.
        package var capabilities: HostCapabilities = .all
        /// Files with certificate authorities, beside those of the system.
        package var authorities: [String] = []
        /// Files with a client's certificate, and its key; a nil key is in the certificate's file.
        package var clients: [ClientCertificate] = []
        /// Whether the certificate goes unchecked; nil when the file does not say.
        package var skipVerify: Bool?
        /// Whether the URL's path is the root of the API as it stands, without "/v2".
        package var overridePath = false
        /// Header fields for every request, names as written, in order.
        package var headers: [HostHeader] = []
        /// Milliseconds that a connection may take; nil for the default.
        package var dialTimeout: Int?
        /// The URL of its proxy, in place of the environment's.
        package var proxy: String?

        /// Whether the file says anything about TLS.
        var hasTLSSettings: Bool { !authorities.isEmpty || !clients.isEmpty || skipVerify != nil }
    }

    /// A client's certificate and key.
    package struct ClientCertificate: Sendable, Equatable {
        /// The certificate's file.
        package var certificate: String
        /// The key's file; nil when the certificate's has it.
        package var key: String?
    }

    /// One header field.
    package struct HostHeader: Sendable, Equatable {
        /// The name.
        package var name: String
        /// The value.
        package var value: String
    }

    /// The mirrors, in the order of the file.
    package var hosts: [Host] = []
    /// The host that is asked last: the file's `server`, or the registry itself.
    package var server = Host()

    /// The largest file that is read, in bytes.
    package static let sizeLimit = 256 << 10
}

/// The requests that a host may be asked. containerd trusts a host without `resolve` with bytes that a digest names,
/// but not with the manifest that a tag names.
package struct HostCapabilities: OptionSet, Sendable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set of bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Manifests and blobs by their digest.
    package static let pull = HostCapabilities(rawValue: 1)
    /// The manifest that a tag names, and the referrers of a manifest.
    package static let resolve = HostCapabilities(rawValue: 2)
    /// Uploads.
    package static let push = HostCapabilities(rawValue: 4)
    /// Everything.
    package static let all: HostCapabilities = [.pull, .resolve, .push]
}
