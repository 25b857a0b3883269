import FoundationEssentials
import HermesSupport

extension SOCIIndex {
    /// The document, byte for byte as Go's encoding/json writes an ocispec.Manifest: SOCI's daemon decodes an index,
    /// encodes it again, and refuses it if the digest is then another.
    package func encoded() -> [UInt8] {
        var object = GoJSON.Object()
        object.add("schemaVersion", 2)
        object.add("mediaType", Self.mediaType)
        object.add("config") { GoJSON.write(config, into: &$0) }
        object.add("layers") { output in
            GoJSON.list(layers, into: &output) { GoJSON.write($0, into: &$1) }
        }
        object.add("subject") { GoJSON.write(subject, into: &$0) }
        object.add("annotations", nonEmpty: annotations)
        return object.finished()
    }

    /// The document's members; unknown ones are ignored.
    private struct Document: Decodable {
        var schemaVersion: Int
        var mediaType: String?
        var artifactType: String?
        var config: Descriptor
        var layers: [Descriptor]?
        var subject: Descriptor?
        var annotations: [String: String]?
    }

    /// Reads a document from anywhere.
    ///
    /// Throws `corrupt` when the document is not a SOCI index, or has a negative size or an invalid digest, and
    /// `unsupported` for another version.
    package init(decoding bytes: [UInt8]) throws {
        guard bytes.count <= Self.sizeLimit else {
            throw HermesError(
                .corrupt, "the SOCI index has \(bytes.count) bytes, more than a manifest may have")
        }
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(bytes))
        } catch let error as HermesError {
            throw HermesError(.corrupt, "the SOCI index cannot be read", cause: error)
        } catch {
            // The decoder's own words run over several lines and quote the document.
            throw HermesError(.corrupt, "the SOCI index is not the JSON of an OCI manifest")
        }
        guard document.schemaVersion == 2, document.mediaType ?? Self.mediaType == Self.mediaType else {
            throw HermesError(.corrupt, "the SOCI index is not an OCI image manifest")
        }
        let type = document.config.mediaType
        guard type == Self.artifactType, document.artifactType ?? type == type else {
            throw HermesError(
                .unsupported,
                "the manifest is of type \"\(type.printable(100))\", not of a SOCI index of version 1")
        }
        guard let subject = document.subject else {
            throw HermesError(.corrupt, "the SOCI index names no image")
        }
        config = document.config
        layers = document.layers ?? []
        self.subject = subject
        annotations = document.annotations ?? [:]
        for descriptor in layers + [config, subject] where !(1...Int64(Int32.max)).contains(descriptor.size) {
            throw HermesError(
                .corrupt, "the SOCI index has a size of \(descriptor.size) for \(descriptor.digest)")
        }
        _ = try ztocs()
    }
}
