/// A line of a watch (meta/v1 WatchEvent).
enum WatchLine<Object: KubernetesObject>: Decodable {
    /// The object was made, or changed.
    case changed(Object)
    /// The object as it was last.
    case deleted(Object)
    /// Nothing changed up to this version.
    case bookmark(String)
    /// The watch cannot go on.
    case failed(KubernetesStatus)

    private enum CodingKeys: String, CodingKey { case type, object }
    private struct Bookmark: Decodable {
        struct Metadata: Decodable { var resourceVersion: String }
        var metadata: Metadata
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        switch try values.decode(String.self, forKey: .type) {
        case "ADDED", "MODIFIED": self = .changed(try values.decode(Object.self, forKey: .object))
        case "DELETED": self = .deleted(try values.decode(Object.self, forKey: .object))
        case "BOOKMARK": self = .bookmark(try values.decode(Bookmark.self, forKey: .object).metadata.resourceVersion)
        case "ERROR": self = .failed(try values.decode(KubernetesStatus.self, forKey: .object))
        default:
            throw DecodingError.dataCorruptedError(forKey: .type, in: values, debugDescription: "unknown type")
        }
    }

    /// The version from which a watch goes on behind this line; nil when the line has none.
    var version: String? {
        switch self {
        case .changed(let object), .deleted(let object): object.metadata.resourceVersion
        case .bookmark(let version): version
        case .failed: nil
        }
    }
}
