import HermesTestKit
import Testing

@testable import HermesSupport

/// Against PyYAML (Debian: python3-yaml), whose parser is its own.
@Suite struct YAMLReferenceTests {
    /// A value in a form that both languages write: texts in hexadecimal digits, so that nothing is quoted.
    private func written(_ value: YAML.Value) -> String {
        switch value {
        case .scalar(let scalar): "s" + Array(scalar.text.utf8).hex
        case .sequence(let values): "[\(values.map(written).joined(separator: ","))]"
        case .mapping(let entries):
            "{\(entries.map { "s\(Array($0.key.utf8).hex):\(written($0.value))" }.joined(separator: ","))}"
        }
    }

    /// The same in Python; every scalar is a text (BaseLoader).
    private static let script = """
        import random, sys, yaml
        def written(v):
            if isinstance(v, list): return "[" + ",".join(map(written, v)) + "]"
            if isinstance(v, dict): return "{" + ",".join(written(k) + ":" + written(w) for k, w in v.items()) + "}"
            return "s" + v.encode().hex()
        def read(text): return written(yaml.load(text, Loader=yaml.BaseLoader))
        """

    @Test func documentsMeanTheSame() throws {
        let documents = [
            "a: b", "- a\n-\n  - b\n- c: d\n  e: f\n", "{a: [1, 2, {b: c}], d: {}, e: []}",
            "a: |\n  x\n   y\n\n  z\n\n",
            "a: >\n  x\n  y\n\n   z\n\n\n  w\n", "a: >-\n  x\n\nb: |+\n  y\n\n", "'it''s'",
            #""a\tb\u00e9\U0001F600\x41\n\\""#,
            "\"a\n  b\n\n  c\"", "a\n b\n\n c", "? x\n: y", "&a a: &b b\nc: *b\n", "- &x {k: v}\n- *x\n",
            "a: 1 # c\n# d\nb: '#'",
            "a:\n- b\n- c\nd: e", "url: http://x:80/#y", "--- !!map\na: !!str b\n...\n", "\"\": ''", "[a: b, c: [d]]",
            "a: \"x \\\n   y\"", "- - - a\n    - b\n  - c\n", "a: {\n  b: c,\n  }\n",
        ]
        let python = Self.script + "\nfor text in sys.argv[1:]: print(read(text))\n"
        let lines = try TestTool.run([TestTool.python, "-c", python] + documents).text.split(separator: "\n")
        for (document, line) in zip(documents, lines) {
            #expect(try written(YAML.parse(Array(document.utf8), name: "file").value) == line, "\(document)")
        }
        #expect(lines.count == documents.count)
    }

    @Test func whatPythonWritesIsReadBack() throws {
        let python =
            Self.script + """

                random.seed(7)
                texts = ["", " x ", "a: b", "- x", "x\\n", "\\n x\\n\\n", "#", "'", '"', "\\\\", "é€😀", "\\x00\\x07\\x85\\u2028",
                    "x " * 80, "\\t", "null", "true", "12", "<<", "%a", "@", "...", "---", "[", "{a", "!", "&a", "*a", "\\ufeffx"]
                def value(depth):
                    kind = random.random()
                    if depth == 0 or kind < 0.4: return random.choice(texts) + random.choice(["", "", random.choice(texts)])
                    if kind < 0.7: return [value(depth - 1) for _ in range(random.randrange(4))]
                    return {value(0): value(depth - 1) for _ in range(random.randrange(4))}
                for number in range(300):
                    v = value(4)
                    text = yaml.dump(v, default_flow_style=random.choice([True, False, None]), width=random.choice([20, 80]),
                        default_style=random.choice([None, None, "'", '"', "|", ">"]), allow_unicode=random.random() < 0.5,
                        indent=random.choice([2, 4]), explicit_start=random.random() < 0.5, sort_keys=False)
                    print(text.encode().hex(), written(v))
                """
        let lines = try TestTool.run([TestTool.python, "-c", python]).text.split(separator: "\n")
        for line in lines {
            let parts = line.split(separator: " ")
            let bytes = stride(from: 0, to: parts[0].utf8.count, by: 2).compactMap { start in
                UInt8(parts[0].dropFirst(start).prefix(2), radix: 16)
            }
            #expect(try written(YAML.parse(bytes, name: "file").value) == parts[1], "\(bytes.text)")
        }
        #expect(lines.count == 300)
    }
}
