/// Compact JSON exactly as Go's encoding/json writes it, for documents whose digest must be the same from both.
enum GoJSON {
    /// Writes a string in quotes: control characters, quotes and backslashes escaped, and, as Go does for HTML, also
    /// "<", ">", "&", U+2028 and U+2029 (Go 1.22 and later, which have "\b" and "\f").
    ///
    /// A Swift string is always valid Unicode, so Go's "\ufffd" for invalid UTF-8 cannot occur; U+FFFD itself is written
    /// as it is, like any other character.
    static func write(_ text: String, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": output += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
            case "\u{8}": output += Array("\\b".utf8)
            case "\u{c}": output += Array("\\f".utf8)
            case "\n": output += Array("\\n".utf8)
            case "\r": output += Array("\\r".utf8)
            case "\t": output += Array("\\t".utf8)
            case "\u{0}"..<" ", "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                output +=
                    Array("\\u".utf8) + Array(repeating: UInt8(ascii: "0"), count: 4 - digits.utf8.count)
                output += Array(digits.utf8)
            default: output += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Writes an object: its members in the order that they are added.
    struct Object {
        private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

        /// Adds a member whose value `write` writes.
        mutating func add(_ key: String, _ write: (inout [UInt8]) -> Void) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            GoJSON.write(key, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            write(&bytes)
        }

        /// Adds a text.
        mutating func add(_ key: String, _ text: String) {
            add(key) { GoJSON.write(text, into: &$0) }
        }

        /// Adds a number.
        mutating func add(_ key: String, _ number: Int64) {
            add(key) { $0 += Array(String(number).utf8) }
        }

        /// Adds a list of texts; nothing if it is empty ("omitempty").
        mutating func add(_ key: String, nonEmpty texts: [String]?) {
            guard let texts, !texts.isEmpty else { return }
            add(key) { output in
                GoJSON.list(texts, into: &output) { GoJSON.write($0, into: &$1) }
            }
        }

        /// Adds a map, sorted by key; nothing if it is empty ("omitempty").
        mutating func add(_ key: String, nonEmpty map: [String: String]?) {
            guard let map, !map.isEmpty else { return }
            var object = Object()
            // Go sorts by bytes, Swift's order of strings is another.
            for (key, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                object.add(key, value)
            }
            add(key) { $0 += object.finished() }
        }

        /// The object's bytes.
        func finished() -> [UInt8] { bytes + [UInt8(ascii: "}")] }
    }

    /// Writes a list.
    static func list<Element>(
        _ elements: [Element], into output: inout [UInt8], _ write: (Element, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            write(element, &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes a descriptor as ocispec.Descriptor, whose empty members are left out.
    static func write(_ descriptor: Descriptor, into output: inout [UInt8]) {
        var object = Object()
        object.add("mediaType", descriptor.mediaType)
        object.add("digest", descriptor.digest.description)
        object.add("size", descriptor.size)
        object.add("urls", nonEmpty: descriptor.urls)
        object.add("annotations", nonEmpty: descriptor.annotations)
        if let data = descriptor.data, !data.isEmpty { object.add("data", data) }
        if let platform = descriptor.platform { object.add("platform") { write(platform, into: &$0) } }
        if let type = descriptor.artifactType, !type.isEmpty { object.add("artifactType", type) }
        output += object.finished()
    }

    private static func write(_ platform: Platform, into output: inout [UInt8]) {
        var object = Object()
        object.add("architecture", platform.architecture)
        object.add("os", platform.os)
        if let version = platform.osVersion, !version.isEmpty { object.add("os.version", version) }
        object.add("os.features", nonEmpty: platform.osFeatures)
        if let variant = platform.variant, !variant.isEmpty { object.add("variant", variant) }
        output += object.finished()
    }
}
