import FoundationEssentials
import HermesTestKit
import Testing

@testable import HermesSupport

/// Against Python's tomllib: both take the same documents, and read the same texts from them in the same order.
@Suite struct TOMLTests {
    static let documents = [
        "", "# only a comment", "a = 1", "a=\"b\"\nc='d'\r\n", "\u{feff}a = true",
        "[z]\nb = 'x'\na = 'y'\n[a]\nc = \"z\"", "[a.b.c]\nx=1\n[a]\ny=2\n[a.b]\nz=3",
        "a.b.c = 'x'\na.b.d = 'y'\na.e = 'z'", "[host.\"https://b\"]\n[host.\"https://a\".header]\nx = ['1', '2',]\n",
        "a = [ # one\n 'x', # two\n\n \"y\"\n]", "a = [['x', ''], [\"y\"]]", "a = { b = 'x', c.d = 'y' }", "a = {}",
        "[[a]]\nb='x'\n[[a]]\nb='y'\n[a.c]\nd='z'", "a = \"\\u00e9\\U0001F600\\t\\\"\\\\\\n\"",
        "a = \"\"\"\nline \\\n   joined\n\"two\" quotes\"\"\"\"\"", "a = '''\n'lit\\eral'\n'''''", "a = \"\"\"\"\"\"",
        "a = 1979-05-27 07:32:00Z\nb = 07:32:00", "a = 0xff\nb = -1.5e3\nc = +inf", "\"\" = 'empty'\n'q.k' = 1",
        "3.14 = 'dotted'", "a = '\t'", "é = 1", "a = b", "a =", "= 1", "a", "[a", "[a]]", "[]", "[[]]", "[a.]",
        "[a..b]",
        "a = 1 b = 2", "a = 1\na = 2", "[a]\n[a]", "a = {b=1}\n[a.c]", "a = {b=1}\na.c = 2", "a.b = 1\n[a]",
        "[a]\nb.c = 1\n[a.b]", "a = 'x\n'", "a = \"x", "a = \"\"\"x", "a = \"\\q\"", "a = \"\\ud800\"", "a = \"\\u12\"",
        "a = [1 2]", "a = [", "a = {b=1", "a = {b=1,}", "a = {b=1\n}", "a = \"\u{1}\"", "# \u{1}", "a = 1\rb = 2",
        "a = True", "a = [1]\n[[a]]", "[[a]]\n[a]", "[a]\n[[a]]", "a = ''''''''", "\"\"\"a\"\"\" = 1", "a\n= 1",
        "[a.b]\n[a]\nb.c = 1", "a = \"\\  x\"", "a = \"\"\"\\ x\"\"\"", "[ a . 'b' ]\nx=1", "a = [{x='1'}, {x='2'}]",
        "a = 'x' # c", "\u{feff}\u{feff}", "a = 1979-05-27  # c", "a.\"b\".c = 'x'\n[d]\na.b = 'y'",
    ]

    /// Texts and the paths to them, in the order of the document; nil for a document that is refused.
    private func read(_ document: String) -> [String]? {
        guard let root = try? TOMLParser.parse(Array(document.utf8)) else { return nil }
        var lines: [String] = []
        func walk(_ value: TOMLValue, _ path: String) {
            switch value {
            case .string(let text): lines.append("\(path) \(text)")
            case .boolean(let flag): lines.append("\(path) \(flag)")
            case .scalar: lines.append(path)
            case .array(let elements):
                for (index, element) in elements.enumerated() { walk(element, "\(path)/\(index)") }
            case .table(let table): for key in table.keys { table[key].map { walk($0, "\(path)/\(key)") } }
            }
        }
        walk(.table(root), "")
        return lines
    }

    @Test func agreesWithPython() throws {
        let script = """
            import json, sys, tomllib
            def walk(value, path):
                if isinstance(value, dict):
                    return [line for key in value for line in walk(value[key], path + "/" + key)]
                if isinstance(value, list):
                    return [line for i, item in enumerate(value) for line in walk(item, f"{path}/{i}")]
                if isinstance(value, bool): return [f"{path} {str(value).lower()}"]
                return [f"{path} {value}" if isinstance(value, str) else path]
            def read(text):
                try: return walk(tomllib.loads(text[1:] if text.startswith("\\ufeff") else text), "")
                except tomllib.TOMLDecodeError: return None
            print(json.dumps([read(text) for text in json.load(open(sys.argv[1]))]))
            """
        let folder = try TestFolder()
        let file = try folder.write("documents", Array(JSONEncoder().encode(Self.documents)))
        let answer = try TestProcess.run(["python3", "-c", script, file])
        let expected = try JSONDecoder().decode([[String]?].self, from: Data(answer.utf8))
        #expect(expected.count == Self.documents.count)
        for (document, expected) in zip(Self.documents, expected) {
            #expect(read(document) == expected, "\(document.debugDescription)")
        }
    }

    @Test func faultsNameTheirLine() {
        let error = #expect(throws: HermesError.self) { try TOMLParser.parse(Array("a = 1\n\nb = \n".utf8)) }
        #expect(error?.message.hasPrefix("line 3: ") == true)
        #expect(throws: HermesError.self) { try TOMLParser.parse([0x61, 0x3d, 0x22, 0xff, 0x22]) }
    }

    @Test func keysKnowTheirLine() throws {
        let text = "# c\r\na = '''\nx\\\n\ny\n'''\n\n[b.c]\nd = [\n1,\n]\ne.f = {g = 1}\n[[h]]\n[[h]]\n"
        let root = try TOMLParser.parse(Array(text.utf8))
        #expect(root.line(of: "a") == 2)
        #expect(root.line(of: "b") == 8)
        #expect(root.line(of: "h") == 13)
        #expect(root.line(of: "c") == nil)
        guard case .table(let b) = root["b"], case .table(let c) = b["c"], case .table(let e) = c["e"] else {
            Issue.record("no tables")
            return
        }
        #expect(b.line(of: "c") == 8)
        #expect(c.line(of: "d") == 9)
        #expect(c.line(of: "e") == 12)
        #expect(e.line(of: "f") == 12)
    }

    @Test func hostileDocumentsEnd() {
        let deep = String(repeating: "[", count: 100_000)
        let tables = "a = " + String(repeating: "{a=", count: 50_000)
        let dots = String(repeating: "a.", count: 50_000) + "a = 1"
        for text in [deep, "a = " + deep, tables, dots] {
            #expect(throws: HermesError.self) { try TOMLParser.parse(Array(text.utf8)) }
        }
        let many = String(repeating: "[[a]]\n", count: 40_000)
        #expect((try? TOMLParser.parse(Array(many.utf8))) != nil)
        // Every cut of a document is read or refused.
        let whole = Array(Self.documents.joined(separator: "\n").utf8)
        for end in whole.indices { _ = try? TOMLParser.parse(Array(whole[..<end])) }
    }

    /// The forms of the specification's section "Integer".
    @Test(
        arguments: [
            ("0", 0), ("+99", 99), ("-17", -17), ("-0", 0), ("1_000", 1000), ("0xDEAD_beef", 0xdead_beef),
            ("0o755", 0o755),
            ("0b1101", 13), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("0x7fffffffffffffff", .max),
            ("00", nil), ("+012", nil), ("1__0", nil), ("1_", nil), ("0x_1", nil), ("0b_1", nil), ("0b2", nil),
            ("-0x1", nil),
            ("1.0", nil), ("1e5", nil), ("9223372036854775808", nil), ("inf", nil), ("1979-05-27", nil), ("0x", nil),
            ("1_a", nil),
        ] as [(String, Int64?)])
    func readsIntegers(text: String, value: Int64?) {
        #expect(TOMLValue.scalar(text).integer == value)
        #expect(TOMLValue.string(text).integer == nil)
    }
}
