import HermesTestKit
import Testing

@testable import HermesSupport

@Suite struct YAMLTests {
    private func parse(_ text: String, limits: YAML.Limits = .init()) throws -> YAML {
        try YAML.parse(Array(text.utf8), name: "file", limits: limits)
    }

    private func failure(_ text: String, limits: YAML.Limits = .init()) -> HermesError? {
        #expect(throws: HermesError.self) { try parse(text, limits: limits) }
    }

    @Test(
        arguments: [
            ("plain", "plain", true), ("two\n words", "two words", true), ("'it''s'", "it's", false),
            (#""\x41\u00e9\t\0\"""#, "Aé\t\0\"", false), ("\"a\n\n b \\\n  c\"", "a\nb c", false),
            ("|\n a\n  b\n\n", "a\n b\n", false), ("|-\n a\n", "a", false), ("|+\n a\n\n", "a\n\n", false),
            (">\n a\n b\n\n c\n", "a b\nc\n", false), ("|2\n   a\n", " a\n", false), ("''", "", false),
            ("~ # comment", "~", true), ("!!str 1", "1", false), ("! 1", "1", false), ("!!int \"1\"", "1", true),
            ("\u{feff}x", "x", true), ("--- x\n...\n", "x", true), ("%YAML 1.1\n--- x", "x", true), ("---", "", true),
        ])
    func scalars(document: String, text: String, isPlain: Bool) throws {
        #expect(try parse(document).value == .scalar(YAML.Scalar(text: text, isPlain: isPlain)))
    }

    @Test func collectionsNestAndKeepTheirOrder() throws {
        let root = try parse(
            """
            zebra:
              - {b: [1, [2]], a: {}}
              -
                - x
                - y: z
            apple: []
            "quoted key": |
              text
            ? explicit
            : value
            """)
        #expect(try root.mapping().map(\.key) == ["zebra", "apple", "quoted key", "explicit"])
        let list = try root.member("zebra").list()
        #expect(try list[0].mapping().map(\.key) == ["b", "a"])
        #expect(try list[0].member("b").list()[1].list()[0].integer() == 2)
        #expect(try list[0].member("a").mapping().isEmpty)
        #expect(try list[1].list()[1].member("y").string() == "z")
        #expect(try root.member("apple").list().isEmpty)
        #expect(try root.member("quoted key").string() == "text\n")
    }

    @Test(arguments: [
        ("true", true), ("True", true), ("FALSE", false), ("false", false), ("yes", nil), ("'true'", nil), ("1", nil),
        ("[]", nil), ("!!bool 'true'", true),
    ])
    func booleans(document: String, value: Bool?) {
        #expect((try? parse(document).bool()) == value)
    }

    @Test(
        arguments: [
            ("0", 0), ("-12", -12), ("+7", 7), ("017", 17), ("0o17", 15), ("0x1F", 31), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("9223372036854775808", nil), ("1.0", nil), ("1_000", nil), ("0b1", nil),
            ("0x", nil), ("0x-1", nil), ("-0x1", nil), ("-", nil), ("'1'", nil), ("", nil), ("1e3", nil), ("0o8", nil),
        ] as [(String, Int64?)])
    func integers(document: String, value: Int64?) {
        #expect((try? parse("- " + document).list()[0].integer()) == value)
    }

    @Test(arguments: [
        ("", true), ("~", true), ("null", true), ("Null", true), ("NULL", true), ("''", false), ("'null'", false),
        ("nULL", false), ("{}", false),
    ])
    func nulls(document: String, isNull: Bool) throws {
        let root = try parse("key: " + document)
        #expect(try root.member("key").isNull == isNull)
        #expect(try (root.optional("key") == nil) == isNull)
        #expect(try root.optional("other") == nil)
    }

    @Test func jsonIsYAML() throws {
        let root = try parse(#"{"a": [1, -2, true, null, "x\ny\/"], "b": {"c": {}}, "d":"e"}"#)
        let list = try root.member("a").list()
        #expect(try list[0].integer() == 1 && list[1].integer() == -2 && list[2].bool() && list[3].isNull)
        #expect(try list[4].string() == "x\ny/")
        #expect(try root.member("d").string() == "e")
    }

    @Test func aliasesStandForTheirValues() throws {
        let root = try parse("a: &x [1, &y {k: v}]\nb: *x\nc: *y\nd: &x 2\ne: *x\n&z f: *z\n")
        #expect(try root.member("b").value == root.member("a").value)
        #expect(try root.member("c").member("k").string() == "v")
        #expect(try root.member("e").integer() == 2)
        #expect(try root.member("f").string() == "f")
        let merged = try parse("a: &a {x: 1, y: 2}\nb: {y: own, <<: [*a, {x: 3, z: 4}]}\nc: {'<<': {x: 1}}\n")
        let texts = try merged.member("b").mapping().map { "\($0.key)=\(try $0.value.string())" }
        #expect(texts == ["y=own", "x=1", "z=4"])
        #expect(try merged.member("c").mapping().map(\.key) == ["<<"])
    }

    @Test func errorsNameThePlace() throws {
        let root = try parse("providers:\n- name: a\n- name: [x]\n")
        let second = try root.member("providers").list()[1]
        func text(_ body: () throws -> Void) -> String? { #expect(throws: HermesError.self, performing: body)?.message }
        #expect(text { _ = try second.member("name").string() } == "file is not valid: providers[1].name is not text")
        #expect(text { _ = try second.member("none") } == "file is not valid: providers[1].none is missing")
        #expect(text { _ = try second.list() } == "file is not valid: providers[1] is not a list")
        #expect(text { _ = try root.member("providers").mapping() } == "file is not valid: providers is not a mapping")
        #expect(
            text { _ = try root.optional("providers")?.member("x") } == "file is not valid: providers is not a mapping")
        #expect(text { _ = try root.string() } == "file is not valid: the document is not text")
        #expect(text { _ = try root.bool() } == "file is not valid: the document is neither true nor false")
        #expect(text { _ = try root.integer() } == "file is not valid: the document is not a 64-bit integer")
    }
}
