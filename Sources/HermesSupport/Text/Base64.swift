import FoundationEssentials

/// Base64 with padding (RFC 4648 section 4).
package enum Base64 {
    /// The bytes of a text, in which spaces and line ends do not count. Nil for a text that is not base64.
    package static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: Data(text.utf8.filter { ![0x20, 0x09, 0x0d, 0x0a].contains($0) })).map { Array($0) }
    }

    /// The text of bytes, without line ends.
    package static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
