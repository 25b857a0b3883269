/// A value of a YAML document (yaml.org/spec/1.2.2) with its place in the document, which errors name. JSON is YAML as well.
///
/// No error ever holds a text of the document other than a key on the way to the value: values may be secrets.
package struct YAML: Sendable, Equatable {
    /// The value itself.
    package let value: Value
    /// The name of the document in errors.
    package let document: String
    /// The place, such as "providers[1].name"; empty for the whole document.
    package let path: String

    /// Reads a stream of one document in UTF-8 that `name` names in errors. Throws `corrupt`, with the number of the
    /// line, when the text is not YAML, is beyond the limits or is ambiguous (a key that comes twice), and `system`
    /// without memory.
    package static func parse(_ bytes: [UInt8], name: String, limits: Limits = Limits()) throws -> YAML {
        let values = try values(bytes, name, limits, isStream: false)
        // The builder refuses a stream without a document.
        return YAML(value: values[0], document: name, path: "")
    }

    /// Reads a stream of one document or more, all of which share the limits. Throws as `parse` does.
    package static func documents(_ bytes: [UInt8], name: String, limits: Limits = Limits()) throws -> [YAML] {
        try values(bytes, name, limits, isStream: true).map { YAML(value: $0, document: name, path: "") }
    }

    private static func values(_ bytes: [UInt8], _ name: String, _ limits: Limits, isStream: Bool) throws -> [Value] {
        guard bytes.count <= limits.bytes else {
            throw HermesError(.corrupt, "\(name) is larger than \(limits.bytes) bytes")
        }
        return try bytes.withUnsafeBufferPointer { bytes in
            var events = try YAMLEvents(bytes, name: name)
            var builder = YAMLBuilder(limits: limits, name: name)
            return try builder.build(&events, isStream: isStream)
        }
    }

    /// The error of a document that `name` names, in one of its lines, the first of which is 1.
    static func malformed(_ name: String, line: Int, _ problem: String) -> HermesError {
        HermesError(.corrupt, "\(name) is not valid YAML: line \(line): \(problem)")
    }
}
