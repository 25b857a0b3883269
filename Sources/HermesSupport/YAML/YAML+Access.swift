extension YAML {
    /// Whether the value is null, or nothing stands in its place.
    package var isNull: Bool {
        if case .scalar(let scalar) = value { scalar.isNull } else { false }
    }

    /// The text of any scalar but null: a number or a boolean counts as it is written. Throws `corrupt`.
    package func string() throws -> String {
        guard case .scalar(let scalar) = value, !scalar.isNull else { throw wrong("is not text") }
        return scalar.text
    }

    /// Throws `corrupt` when the value is neither true nor false.
    package func bool() throws -> Bool {
        guard case .scalar(let scalar) = value, let bool = scalar.bool else {
            throw wrong("is neither true nor false")
        }
        return bool
    }

    /// Throws `corrupt` when the value is not an integer of 64 bits.
    package func integer() throws -> Int64 {
        guard case .scalar(let scalar) = value, let integer = scalar.integer else {
            throw wrong("is not a 64-bit integer")
        }
        return integer
    }

    /// The elements of a sequence. Throws `corrupt` for anything else.
    package func list() throws -> [YAML] {
        guard case .sequence(let values) = value else { throw wrong("is not a list") }
        return values.enumerated().map { YAML(value: $1, document: document, path: "\(path)[\($0)]") }
    }

    /// The entries of a mapping, in their order. Throws `corrupt` for anything else.
    package func mapping() throws -> [(key: String, value: YAML)] {
        try entries().map { ($0.key, YAML(value: $0.value, document: document, path: path(of: $0.key))) }
    }

    /// The value of a key. Throws `corrupt` when this value is not a mapping, or does not have the key.
    package func member(_ key: String) throws -> YAML {
        guard let value = try find(key) else {
            throw HermesError(.corrupt, "\(document) is not valid: \(path(of: key)) is missing")
        }
        return value
    }

    /// The value of a key; nil when the mapping does not have the key, and for null. Throws `corrupt` when this value
    /// is not a mapping.
    package func optional(_ key: String) throws -> YAML? {
        guard let value = try find(key), !value.isNull else { return nil }
        return value
    }

    private func entries() throws -> [Entry] {
        guard case .mapping(let entries) = value else { throw wrong("is not a mapping") }
        return entries
    }

    private func find(_ key: String) throws -> YAML? {
        try entries().first { $0.key == key }
            .map { YAML(value: $0.value, document: document, path: path(of: key)) }
    }

    private func path(of key: String) -> String {
        path.isEmpty ? key.printable(50) : "\(path).\(key.printable(50))"
    }

    private func wrong(_ problem: String) -> HermesError {
        HermesError(.corrupt, "\(document) is not valid: \(path.isEmpty ? "the document" : path) \(problem)")
    }
}
