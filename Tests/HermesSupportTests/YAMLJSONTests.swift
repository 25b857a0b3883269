import HermesSupport
import Testing

/// Against what kubectl sends (kubectl create --dry-run=client -o json), and RFC 8259.
@Suite struct YAMLJSONTests {
    private func json(_ text: String) throws -> String {
        let value = try YAML.parse(Array(text.utf8), name: "document").value
        return String(decoding: try JSON.encode(["v": value]), as: UTF8.self)
    }

    @Test(arguments: [
        ("1", "1"), ("-7", "-7"), ("0", "0"), ("0644", "420"), ("00", "0"), ("0o17", "15"), ("0x1f", "31"),
        ("089", "89"),
        ("9223372036854775807", "9223372036854775807"), ("0.5", "0.5"), (".5", "0.5"), ("1e3", "1000"), ("3.", "3"),
        ("true", "true"), ("False", "false"), ("yes", "true"), ("off", "false"), ("y", "\"y\""), ("~", "null"),
        ("100m", "\"100m\""), ("1Gi", "\"1Gi\""), ("1.2.3", "\"1.2.3\""), ("-", "[null]"), (".", "\".\""),
        ("e3", "\"e3\""), ("2020-01-01", "\"2020-01-01\""), (".inf", "\".inf\""), ("1e", "\"1e\""),
    ])
    func givesPlainScalarsTheirType(yaml: String, json expected: String) throws {
        #expect(try json(yaml) == "{\"v\":\(expected)}")
    }

    @Test(arguments: ["yes", "true", "null", "1", "0644", "0.5", "", "~"])
    func leavesQuotedScalarsStrings(text: String) throws {
        #expect(try json("\"\(text)\"") == "{\"v\":\"\(text)\"}")
        #expect(try json("'\(text)'") == "{\"v\":\"\(text)\"}")
        #expect(try json("!!str \"\(text)\"") == "{\"v\":\"\(text)\"}")
    }

    @Test func keepsListsAndMappings() throws {
        #expect(try json("{b: [1, {c: d}], a: {}, e: []}") == #"{"v":{"a":{},"b":[1,{"c":"d"}],"e":[]}}"#)
        #expect(try json("a: |\n  x\n  \"y\"\n") == #"{"v":{"a":"x\n\"y\"\n"}}"#)
    }

    @Test(arguments: ["9223372036854775808", "-99999999999999999999", "1e999"])
    func refusesNumbersThatJSONWouldChange(text: String) throws {
        #expect(throws: HermesError.self) { try json(text) }
    }
}
