import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// The filter language: containerd's examples, its quoting, its odd corners, and what is no filter.
@Suite struct SnapshotFilterTests {
    private static let complex = #"more complex label with \ and ""#

    private static let snapshots: [SnapshotInfo] = [
        ("s0", "foo", .active, ["foo": "true"]), ("s1", "", .committed, [:]),
        ("s2", "foo", .view, ["foo": "present", "more complex label": "present"]),
        ("s3", "bar", .view, ["bar": "true"]), ("s4", "too complex, yo", .active, [complex: "present"]),
        ("s5", "abc", .active, ["\(complex).post": "present"]),
        ("s6", "sha256:0a", .committed, ["foo": "omg_asdf.asdf-qwer", "a.b": "v", "é": "ü"]),
    ].map { (name: String, parent: String, kind: SnapshotKind, labels: [String: String]) in
        SnapshotInfo(
            name: name, parent: parent, kind: kind, created: Timestamp(seconds: 0), updated: Timestamp(seconds: 0),
            labels: labels)
    }

    private func matching(_ filters: [String]) throws -> [Int] {
        let filter = try SnapshotFilter(filters)
        return Self.snapshots.indices.filter { filter.matches(Self.snapshots[$0]) }
    }

    private static let all = Array(0...6)

    @Test(
        arguments: [
            // containerd's documentation and grammar.
            ("", all), ("name", all), ("name==s1", [1]), ("labels.foo", [0, 2, 6]), ("name==s0,labels.foo", [0]),
            (#"labels."more complex label"==present"#, [2]), ("labels.foo,name", [0, 2, 6]),
            ("labels.foo==true", [0]), ("labels.foo==omg_asdf.asdf-qwer", [6]), ("name!=s1", [0, 2, 3, 4, 5, 6]),
            ("kind==committed", [1, 6]), ("kind~=^(view|active)$", [0, 2, 3, 4, 5]), ("kind==Committed", []),
            (#"parent=="too complex, yo""#, [4]), ("parent~=[abc]+,name!=s3", [4, 5, 6]),
            ("parent~=/[abc]+/,name!=s3", [4, 5, 6]), ("parent~=/^[abc]{1,3}$/", [5]),
            ("parent~=|^(foo)$|", [0, 2]), (#"parent~=/[abc]{0,1}"\//"#, []), ("name==s3,labels.bar==wrong", []),
            (#"labels."more complex label with \\ and \""==present"#, [4]),
            (#"labels."more complex label with \\ and \"".post==present"#, [5]),
            ("labels.a.b==v", [6]), (#"labels."a.b"==v"#, [6]), (#"labels."a"."b"==v"#, [6]), (#"labels."é"==ü"#, [6]),
            // A field that is not there equals nothing, and compares as the empty text.
            ("labels.no", []), ("labels", []), ("labels.no==x", []), (#"labels.no=="""#, []), (#"labels.no!="""#, []),
            ("labels.no!=x", all), ("labels.no~=^$", all), ("nonsense", []), ("nonsense!=x", all), (#""""#, []),
            // Every snapshot has a parent field, be it empty; only labels look at more than the first name.
            ("parent", all), (#"parent=="""#, [1]), ("name.x.y==s1", [1]), (#""name"==s1"#, [1]),
            // Spaces stand before a token, never after a value.
            (" name == s1", [1]), ("name==s1, labels.foo", []), ("labels. foo", [0, 2, 6]),
            // Escapes, and a value that goes on to the next comma.
            (#"name=="\x73\061""#, [1]), (#"name=="\u00731""#, [1]), (#"name=="\U000000731""#, [1]),
            (#"name=="\xff""#, []), (#"name!="\ud800""#, all), (#"labels."\xff""#, []), (#"name~=s\d"#, all),
            (#"name~="s\\d""#, all), (#"name=="\a\b\f\n\r\t\v\\\"""#, []), ("parent==sha256:0a", [6]),
            ("name==s/\"1", []), ("name~=^S1$", []), ("name~=(?i)^S1$", [1]), (#"parent~="""#, all),
        ] as [(String, [Int])])
    func matches(filter: String, expected: [Int]) throws {
        #expect(try matching([filter]) == expected)
    }

    @Test func oneOfSeveralIsEnough() throws {
        #expect(try matching([]) == Self.all)
        #expect(try matching(["name==s0", "name==s1,kind==committed", "name==s2,kind==active"]) == [0, 1])
        #expect(try matching(["name==s0", ""]) == Self.all)
        #expect(throws: SnapshotError.self) { try matching(["", "name=="]) }
    }

    @Test(
        arguments: [
            ("labels.|foo|==x", "only \" quotes a field"), (#"labels.?"x"==y"#, "a field or a quoted text is missing"),
            ("name==foo,", "a field or a quoted text is missing"), ("labels.", "a field or a quoted text is missing"),
            ("image~=,id", "a value is missing"), ("labels.ns/key==value", "a quoted text that does not end"),
            ("labels.ns/key/==value", "one of ==, != and ~= is missing"),
            ("labels.key==/value", "a quoted text that does not end"), ("name==", "a value is missing"),
            (",", "a field or a quoted text is missing"), (" ", "a field or a quoted text is missing"),
            ("name=x", "\"=\" is none of"), ("name===x", "\"===\" is none of"), ("name==!x", "is none of"),
            ("name==|x|", "only \" quotes a text"), ("name==s1 ", "an end or a comma is missing"),
            ("name==s1 ,kind", "an end or a comma is missing"), (#"name=="a"b"#, "an end or a comma is missing"),
            ("name ", "one of ==, != and ~= is missing"), ("name==.x", "a value is missing"),
            (#"name=="\q""#, "an escape is not valid"), (#"name=="\400""#, "an escape is not valid"),
            (#"name=="\x4""#, "an escape is not valid"), (#"name=="\U00110000""#, "an escape is not valid"),
            (#"name=="\'""#, "an escape is not valid"), (#"name~=/\d/"#, "an escape is not valid"),
            (#"name=="\""#, "a quoted text that does not end"), ("name==\"a\nb\"", "a quoted text that does not end"),
            ("na\0me", "a character that no filter can hold"),
            ("labels .foo", "one of ==, != and ~= is missing"), ("\0", "a character that no filter can hold"),
            ("name==\u{fffd}", "a character that no filter can hold"),
            ("name==a\u{7}b", "an end or a comma is missing"),
            ("name~=(", "missing )"), ("name~=*", "no argument for repetition operator"),
            (#"name~="\xff""#, "invalid UTF-8"), ("name~=(a{1000}){1000}", "the regular expression is not valid"),
            ("é==x", "a field or a quoted text is missing"),
        ] as [(String, String)])
    func refuses(filter: String, reason: String) throws {
        let error = #expect(throws: SnapshotError.self) { try SnapshotFilter([filter]) }
        #expect(error?.kind == .invalidArgument)
        let message = error?.message ?? ""
        #expect(message.contains(reason), "\(message)")
        #expect(!message.contains("\n") && !message.contains("\0"))
    }

    @Test func errorShowsTheirPlace() throws {
        let error = #expect(throws: SnapshotError.self) { try SnapshotFilter(["name==a,kind=b"]) }
        #expect(error?.message == "the filter name==a,kind >|< =b is wrong there: \"=\" is none of ==, != and ~=")
    }

    @Test func sizeIsBounded() throws {
        let longest = "name==" + String(repeating: "a", count: (64 << 10) - 6)
        #expect(try matching([longest]) == [])
        #expect(throws: SnapshotError.self) { try SnapshotFilter([longest + "a"]) }
        #expect(throws: SnapshotError.self) { try SnapshotFilter(["name", longest]) }
        let many = Array(repeating: "name~=s", count: 32)
        #expect(try matching(many) == Self.all)
        #expect(throws: SnapshotError.self) { try SnapshotFilter(many + ["name~=s"]) }
        #expect(throws: SnapshotError.self) { try SnapshotFilter([many.joined(separator: ",") + ",name~=s", ""]) }
        // Deep where a parser by recursion would be: names, parts, groups.
        #expect(try matching([String(repeating: "a.", count: 30_000) + "a"]) == [])
        #expect(try matching([String(repeating: "name,", count: 13_000) + "name"]) == Self.all)
        #expect(throws: SnapshotError.self) { try SnapshotFilter(["name~=" + String(repeating: "(", count: 60_000)]) }
    }

    @Test func timeIsLinear() throws {
        // Exponential for an engine that backtracks: with 30,000 characters it would not end.
        let filter = try SnapshotFilter(["name~=^(a+)+$"])
        let name = String(repeating: "a", count: 30_000) + "b"
        let time = Timestamp(seconds: 0)
        #expect(!filter.matches(SnapshotInfo(name: name, kind: .view, created: time, updated: time)))
    }

    @Test func randomTextNeverTraps() throws {
        var random = RandomText()
        var valid = 0
        for _ in 0..<20_000 {
            if let filter = try? SnapshotFilter([random.next()]) {
                valid += 1
                for info in Self.snapshots { _ = filter.matches(info) }
            }
        }
        #expect(valid > 100)
    }

    private struct RandomText {
        private var generator = SeededGenerator(seed: 4)
        private let pieces = [
            "name", "labels", "kind", ".", ",", "==", "!=", "~=", "\"", "/", "|", "\\", "x", "41", "u", "a", " ", "é",
            "(", ")", "*", "[", "\n", "\0", "=", "\u{fffd}", "\u{301}",
        ]

        mutating func next() -> String {
            (0..<Int.random(in: 0...9, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
        }
    }
}
