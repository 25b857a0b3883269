/// The platform that an image or an index entry is for (OCI image spec, image-index.md).
package struct Platform: Codable, Sendable, Hashable {
    /// The CPU architecture in Go's words, such as "amd64".
    package var architecture: String
    /// The operating system in Go's words, such as "linux".
    package var os: String
    /// The variant of the CPU, such as "v8".
    package var variant: String?
    /// The version of the operating system that is required.
    package var osVersion: String?
    /// Features of the operating system that are required.
    package var osFeatures: [String]?

    private enum CodingKeys: String, CodingKey {
        case architecture, os, variant
        case osVersion = "os.version"
        case osFeatures = "os.features"
    }

    /// Makes a platform.
    package init(
        architecture: String, os: String, variant: String? = nil, osVersion: String? = nil,
        osFeatures: [String]? = nil
    ) {
        self.architecture = architecture
        self.os = os
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }
}
