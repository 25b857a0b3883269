import FoundationEssentials
import HermesCore
import HermesSupport
import Logging

/// Log lines as text.
enum LogLine {
    /// "warning: span is not cached: no space (image: ..., layer: ...)" for people: the cause, then the other fields.
    static func text(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        var fields = metadata
        let cause = fields.removeValue(forKey: "cause").map { ": \("\($0)".safeLine)" } ?? ""
        let rest = fields.sorted { $0.key < $1.key }.map { "\($0.key): \("\($0.value)".safeLine)" }
        return "\(level): \(message.safeLine)\(cause)\(rest.isEmpty ? "" : " (\(rest.joined(separator: ", ")))")\n"
    }

    /// One JSON object with the time in UTC as RFC 3339 has it, the level, the message and the fields, all of them text without
    /// control characters: JSON would let those from U+007F on stand as they are.
    static func json(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, time: Timestamp
    ) -> String {
        var object = metadata.mapValues { "\($0)".safeLine }
        object["time"] = time.rfc3339
        object["level"] = level.rawValue
        object["message"] = message.safeLine
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A dictionary of texts can always be encoded.
        let bytes = (try? encoder.encode(object)) ?? Data()
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }
}
