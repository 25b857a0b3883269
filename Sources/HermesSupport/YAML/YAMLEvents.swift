import CYaml

/// The events of a document as libyaml finds them. For one thread.
struct YAMLEvents: ~Copyable {
    /// The most lines that begin with "%". libyaml compares each %TAG directive with all before it.
    private static let mostDirectives = 64

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let name: String

    /// `bytes` stay where they are for as long as the events are read. Throws as `YAML.parse` does.
    init(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws {
        // libyaml wants an address.
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            throw HermesError(.corrupt, "\(name) is empty")
        }
        guard Self.directiveCount(bytes) <= Self.mostDirectives else {
            throw HermesError(.corrupt, "\(name) has more than \(Self.mostDirectives) lines that begin with %")
        }
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw Self.noMemory(name)
        }
        yaml_parser_set_input_string(parser, start, bytes.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        self.parser = parser
        self.bytes = bytes
        self.name = name
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event. There is none after the end of the stream, and none after an error.
    mutating func next() throws -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
        defer { yaml_event_delete(&event) }
        let line = event.start_mark.line + 1
        switch event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, line: line)
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, line: line)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, line: line)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, line: line)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(Self.text(event.data.alias.anchor) ?? ""), line: line)
        case YAML_SCALAR_EVENT:
            let data = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
            let scalar = YAML.Scalar(text: text, isPlain: data.style == YAML_PLAIN_SCALAR_STYLE)
            return YAMLEvent(
                kind: .scalar(scalar), anchor: Self.text(data.anchor), tag: Self.text(data.tag), line: line)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            return YAMLEvent(
                kind: .sequenceStart, anchor: Self.text(data.anchor), tag: Self.text(data.tag), line: line)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, line: line)
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart, anchor: Self.text(data.anchor), tag: Self.text(data.tag), line: line)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, line: line)
        default: throw YAML.malformed(name, line: line, "it ends too early")
        }
    }

    private static func text(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? { text.map { String(cString: $0) } }

    /// How many lines may be directives. Every byte that can end a line break counts as one (YAML 1.2.2, 5.4; libyaml takes
    /// those of 1.1 as well), and the last of a byte order mark.
    private static func directiveCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var previous: UInt8 = 0x0a
        var count = 0
        for byte in bytes {
            if byte == UInt8(ascii: "%"), [0x0a, 0x0d, 0x85, 0xa8, 0xa9, 0xbf].contains(previous) { count += 1 }
            previous = byte
        }
        return count
    }

    private static func noMemory(_ name: String) -> HermesError {
        HermesError(.system, "cannot read \(name): out of memory")
    }

    /// The error of the call that failed last. libyaml's texts are constants: they quote nothing.
    private var failure: HermesError {
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR: return Self.noMemory(name)
        case YAML_READER_ERROR:
            // The reader knows the byte and not the line.
            let line = bytes.prefix(parser.pointee.problem_offset).count { $0 == 0x0a } + 1
            return YAML.malformed(name, line: line, problem)
        default: return YAML.malformed(name, line: parser.pointee.problem_mark.line + 1, problem)
        }
    }

    private var problem: String { parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read" }
}
