import FoundationEssentials

/// JSON in and out, with errors in Hermes's words. The decoder bounds nesting itself (512 levels).
package enum JSON {
    /// Decodes a document that `name` names in errors. Throws `corrupt`.
    package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8], name: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as HermesError {
            throw HermesError(error.code, "\(name) is not valid", cause: error)
        } catch let error as DecodingError {
            throw HermesError(.corrupt, "\(name) is not valid: \(describe(error))")
        } catch {
            throw HermesError(.corrupt, "\(name) is not valid JSON")
        }
    }

    /// Encodes with sorted keys and plain slashes, so that the same value gives the same bytes.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    private static func describe(_ error: DecodingError) -> String {
        func at(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue.printable(50) }.prefix(8)
                .joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(at(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(at(context.codingPath)) is of the wrong type"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "\(at(context.codingPath)) is not valid"
        @unknown default: return "it cannot be decoded"
        }
    }
}
