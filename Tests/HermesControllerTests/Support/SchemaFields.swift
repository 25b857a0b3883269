import HermesSupport

/// The fields of a type, to be compared: as a schema has them, and as a value has them that lacks none.
indirect enum SchemaFields: Equatable {
    case leaf
    case list(SchemaFields)
    case map(SchemaFields)
    case object([String: SchemaFields])

    /// The fields of a schema of OpenAPI.
    init(schema: YAML) throws {
        switch try schema.member("type").string() {
        case "array": self = .list(try SchemaFields(schema: schema.member("items")))
        case "object":
            if let values = try schema.optional("additionalProperties") {
                self = .map(try SchemaFields(schema: values))
            } else {
                let properties = try schema.optional("properties")?.mapping() ?? []
                self = .object(
                    try Dictionary(
                        uniqueKeysWithValues: properties.map { ($0.key, try SchemaFields(schema: $0.value)) }))
            }
        default: self = .leaf
        }
    }

    /// The fields of a value that was written as JSON, in the shape that `schema` has where a mapping may be of any keys.
    init(value: YAML, like schema: SchemaFields?) throws {
        switch value.value {
        case .scalar: self = .leaf
        case .sequence:
            let element: SchemaFields? = if case .list(let element) = schema { element } else { nil }
            self = .list(try value.list().first.map { try SchemaFields(value: $0, like: element) } ?? .leaf)
        case .mapping:
            if case .map(let values) = schema {
                self = .map(try value.mapping().first.map { try SchemaFields(value: $0.value, like: values) } ?? .leaf)
                return
            }
            let fields: [String: SchemaFields] = if case .object(let fields) = schema { fields } else { [:] }
            self = .object(
                try Dictionary(
                    uniqueKeysWithValues: value.mapping().map {
                        ($0.key, try SchemaFields(value: $0.value, like: fields[$0.key]))
                    }))
        }
    }

    /// The paths of what a value lacks: every field that is nil and every list that is empty.
    static func gaps(in value: Any, _ path: String = "") -> [String] {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            guard let child = mirror.children.first else { return [path] }
            return gaps(in: child.value, path)
        case .collection, .dictionary:
            return mirror.children.isEmpty ? [path] : mirror.children.flatMap { gaps(in: $0.value, path) }
        default:
            return mirror.children.flatMap { gaps(in: $0.value, "\(path).\($0.label ?? "")") }
        }
    }
}
