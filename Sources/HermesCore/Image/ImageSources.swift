import HermesHTTP

/// Makes the source that a user's text names.
package enum ImageSources {
    /// Opens "oci:DIR[:TAG]" or an image reference. `plainHTTP`, `hosts` and `credentials` are as for `RegistryClient`;
    /// `http` is shared when given, and otherwise lives as long as the source. Throws `usage` for a text that is
    /// neither, and `notFound` for a folder that is not an image layout.
    package static func open(
        _ text: String, plainHTTP: Bool? = nil, hosts: HostsFolder? = .standard, http: HTTPClient? = nil,
        credentials: @escaping CredentialLookup = CredentialSources.standard
    ) throws -> any ImageSource {
        if text.hasPrefix("oci:") {
            let (path, tag) = try LayoutSource.split(text)
            return try LayoutSource(layout: ImageLayout(path), tag: tag)
        }
        let reference = try Reference(text)
        let client = try RegistryClient(
            for: reference, plainHTTP: plainHTTP, http: http ?? HTTPClient(metrics: RegistryMetrics.shared.http),
            credentials: credentials, hosts: hosts)
        return RegistrySource(client: client, reference: reference)
    }
}
