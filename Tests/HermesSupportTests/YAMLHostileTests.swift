import HermesTestKit
import Testing

@testable import HermesSupport

/// Documents that are refused, and what their errors say.
@Suite struct YAMLHostileTests {
    private func parse(_ text: String, limits: YAML.Limits = .init()) throws -> YAML {
        try YAML.parse(Array(text.utf8), name: "file", limits: limits)
    }

    @Test(arguments: [
        ("", "file is empty"), (" # nothing\n", "line 2: there is no document"),
        ("a\n---\nb", "line 2: there is more than one document"), ("a: 1\nb: 2\na: 3", "line 3: a key comes twice"),
        ("{a: 1, 'a': 2}", "line 1: a key comes twice"), ("<<: {}\n<<: {}", "line 2: a key comes twice"),
        ("\n? [a]\n: b", "line 2: a key is not a scalar"), ("&a [*a]", "line 1: an alias names no value before it"),
        ("&a x: &a\n  b: *a", "line 2: an alias names no value before it"),
        ("- *a\n- &a x", "line 1: an alias names no value before it"),
        ("a: !custom x", "line 1: a tag is not known"), ("!!binary aGk=", "line 1: a tag is not known"),
        ("!!map []", "line 1: a tag is not known"), ("<<: x", "line 1: the merged value is not a mapping"),
        ("<<: [[]]", "line 1: the merged value is not a mapping"),
        ("a: [1,\nb", "line 3: did not find expected ',' or ']'"),
        ("a: 1\n b: 2", "line 2: mapping values are not allowed in this context"),
        ("a:\n\t- b", "line 2: found character that cannot start any token"),
        ("'a", "line 1: found unexpected end of stream"), ("a: b\nc", "line 3: could not find expected ':'"),
        ("a\nb\u{0}", "line 2: control characters are not allowed"), (#""\ud83d""#, "line 1: found invalid Unicode"),
        ("!x!y z", "line 1: found undefined tag handle"),
        ("%YAML 3.0\n--- a", "line 1: found incompatible YAML document"),
    ])
    func errorsSayTheLine(document: String, problem: String) {
        let error = #expect(throws: HermesError.self) { try parse(document) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            [0x61, 0x0a, 0xff], [0x61, 0x0a, 0xc0, 0x80], [0x61, 0x0a, 0xed, 0xa0, 0x80], [0x61, 0x0a, 0xe2, 0x82],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8(bytes: [UInt8]) {
        let error = #expect(throws: HermesError.self) { try YAML.parse(bytes, name: "file") }
        #expect(error?.message.contains("line 2: ") == true)
        let wide: [UInt8] = [0xff, 0xfe, 0x61, 0x00]
        #expect(throws: HermesError.self) { try YAML.parse(wide, name: "file") }
    }

    @Test func levelsAreBounded() throws {
        func flow(_ count: Int) -> String {
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        func block(_ count: Int) -> String { String(repeating: "- ", count: count) + "x" }
        _ = try parse(flow(64))
        _ = try parse(block(64))
        for text in [flow(65), block(65), flow(1_000_000), block(1_000_000), String(repeating: "{a: ", count: 500_000)]
        {
            let error = #expect(throws: HermesError.self) { try parse(text) }
            #expect(error?.message.contains("more than 64 levels") == true)
        }
        // Levels that an alias brings count as well, and nobody asks for more of them than can be walked.
        #expect(throws: HermesError.self) { try parse("a: &a \(flow(62))\nb: [[*a]]\n", limits: .init(depth: 1000)) }
        _ = try parse("a: &a \(flow(62))\nb: [*a]\n")
    }

    @Test func smallDocumentsStaySmall() throws {
        // Each line has ten times the values of the one before.
        var laughs = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<20 {
            let alias = "*a\(level - 1)"
            laughs += "- &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        #expect(throws: HermesError.self) { try parse(laughs) }
        let merges = laughs.replacing("[x", with: "{<<: {}, x: x").replacing(", x", with: "").replacing(
            "x]", with: "x}")
        #expect(throws: HermesError.self) { try parse(merges) }
        // Few values with long texts.
        let long = "- &a \(String(repeating: "x", count: 10_000))\n" + String(repeating: "- *a\n", count: 500)
        #expect(throws: HermesError.self) { try parse(long) }
        _ = try parse(long, limits: .init(bytes: 6_000_000))
        #expect(throws: HermesError.self) { try parse(long, limits: .init(bytes: 10_000)) }
        let many = String(repeating: "- x\n", count: 1000)
        _ = try parse(many, limits: .init(nodes: 1001))
        #expect(throws: HermesError.self) { try parse(many, limits: .init(nodes: 1000)) }
        // libyaml compares every directive with those before.
        let directives = (0..<65).map { "%TAG !\($0)! x\n" }.joined()
        #expect(throws: HermesError.self) { try parse(directives + "--- x") }
        #expect(throws: HermesError.self) { try parse("x\n...\n" + directives + "--- x") }
    }

    @Test func errorsHoldNoValue() throws {
        let document = """
            # hunter2
            a: {name: "hunter2", value: 'hunter2'}
            b:
              - &hunter2 hunter2
              - *hunter2
              - |
                hunter2
              - !!str hunter2
            """
        _ = try parse(document)
        let bytes = Array(document.utf8)
        var refused = 0
        for index in bytes.indices {
            for byte in "\t\n:-?[]{}\"'&*!|>%@`#, \u{0}\u{ff}".utf8.map({ $0 }) + [0xff] {
                var changed = bytes
                changed[index] = byte
                for text in [changed, Array(bytes[..<index]) + [byte] + bytes[index...], Array(changed[...index])] {
                    do {
                        let root = try YAML.parse(text, name: "file")
                        _ = try root.member("a").member("value").integer()
                    } catch {
                        refused += 1
                        let shown = "\(error)"
                        #expect(error is HermesError && !shown.contains("hunter2"), "\(shown)")
                    }
                }
            }
        }
        #expect(refused > 1000)
    }
}
