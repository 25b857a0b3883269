import HermesSupport

/// The name of an image in a registry, in Docker's grammar (github.com/distribution/reference):
/// `[registry[:port]/]repository[:tag][@digest]`.
///
/// Docker's defaults apply: no registry means docker.io, one word there means library/, neither tag nor digest means
/// the tag "latest".
package struct Reference: Hashable, Sendable {
    /// The registry as references name it, with its port: "docker.io", "localhost:5000", "[::1]:5000".
    package let registry: String
    /// The repository within the registry: "library/debian".
    package let repository: String
    /// The tag; nil when there is only a digest.
    package let tag: String?
    /// The digest of the manifest or index. It decides where there is a tag as well.
    package let digest: Digest?

    /// Parses a reference. Throws `usage` that says which part is wrong.
    package init(_ text: String) throws {
        func fail(_ why: String, advice: String? = nil) -> HermesError {
            HermesError(
                .usage, "\"\(text.printable(300))\" is not an image reference: \(why)", advice: advice)
        }
        guard text.utf8.count <= 1024 else { throw fail("it is too long") }
        if text.contains("://") {
            throw fail("it has a URL scheme", advice: "leave \"https://\" out: registry/repository:tag")
        }
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            guard let digest = Digest.parse(rest[rest.index(after: at)...].utf8) else {
                throw fail("the @ is not followed by a digest \"sha256:<64 lower-case hexadecimal digits>\"")
            }
            self.digest = digest
            rest = rest[..<at]
        } else {
            digest = nil
        }

        let lastSlash = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[lastSlash...].lastIndex(of: ":") {
            let tag = rest[rest.index(after: colon)...]
            guard Self.isTag(tag) else { throw fail("the tag \"\(tag.printable(140))\" is not valid") }
            self.tag = String(tag)
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? "latest" : nil
        }

        let (registry, path) = Self.split(rest)
        guard Self.isRegistry(registry) else {
            throw fail("\"\(registry.printable(100))\" is not the name of a registry")
        }
        if path.contains(where: \.isUppercase) { throw fail("the repository must be lower case") }
        guard Self.isRepository(path) else {
            throw fail(path.isEmpty ? "the repository is missing" : "the repository is not valid")
        }
        if rest == path, path.utf8.count == 64, path.utf8.allSatisfy(\.isHexadecimal) {
            throw fail("64 hexadecimal digits are an image ID", advice: "name the image by its repository")
        }
        self.registry = registry
        repository = registry == Self.dockerHub && !path.contains("/") ? "library/\(path)" : String(path)
    }

    /// The host that answers for the registry; Docker Hub's is not the one in its references.
    package var apiHost: String { registry == Self.dockerHub ? "registry-1.docker.io" : registry }

    /// The tag or digest to ask the registry for.
    package var target: String { digest?.description ?? tag ?? "latest" }

    static let dockerHub = "docker.io"
}

extension Reference: CustomStringConvertible {
    /// The canonical form, with nothing left to default.
    package var description: String {
        var text = "\(registry)/\(repository)"
        if let tag { text += ":\(tag)" }
        if let digest { text += "@\(digest)" }
        return text
    }
}
