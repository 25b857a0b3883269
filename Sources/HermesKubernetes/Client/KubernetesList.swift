import HermesSupport

/// All objects of a kind at one moment.
package struct KubernetesList<Object: KubernetesObject>: Sendable {
    package var items: [Object]
    /// The version from which a watch goes on.
    package var resourceVersion: String
}

/// A page of a list (meta/v1 List).
struct KubernetesPage<Object: KubernetesObject> {
    let items: [Object]
    /// The version from which a watch goes on; empty when the page does not say.
    let resourceVersion: String
    /// Asks for the next page; nil on the last.
    let next: String?

    private struct Envelope: Decodable {
        struct Metadata: Decodable {
            enum CodingKeys: String, CodingKey {
                case resourceVersion
                case next = "continue"
            }
            var resourceVersion: String?
            var next: String?
        }
        /// What cannot be there, as the objects were taken out.
        struct Rest: Decodable {
            init(from decoder: any Decoder) throws {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "rest"))
            }
        }
        var metadata: Metadata
        /// An empty list may be null.
        var items: [Rest]?
    }

    /// Decodes a page that `name` names in errors. Throws `corrupt`.
    init(_ bytes: [UInt8], name: String) throws {
        let page = ListSplitter(bytes)
        let envelope = try JSON.decode(Envelope.self, from: page.envelope, name: name)
        items = try page.items.enumerated().map { number, place in
            try JSON.decode(Object.self, from: Array(bytes[place]), name: "object \(number) of \(name)")
        }
        resourceVersion = envelope.metadata.resourceVersion ?? ""
        next = envelope.metadata.next.flatMap { $0.isEmpty ? nil : $0 }
    }
}
