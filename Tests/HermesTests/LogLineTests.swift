import FoundationEssentials
import HermesCore
import HermesTestKit
import Logging
import Testing

@testable import HermesSupport
@testable import hermes

@Suite struct LogLineTests {
    private let fields: Logger.Metadata = ["span": "3", "image": "a\"b\nc", "cause": "no\nroom"]

    @Test func textIsOneLine() {
        #expect(
            LogLine.text(.warning, "span is not cached", fields)
                == "warning: span is not cached: no room (image: a\"b c, span: 3)\n")
        #expect(LogLine.text(.notice, "here", [:]) == "notice: here\n")
    }

    @Test func jsonIsOneObject() throws {
        let line = LogLine.json(
            .error, "it\nfails", fields, time: Timestamp(seconds: 1_700_000_000, nanoseconds: 250_000_000))
        #expect(line.hasSuffix("}\n") && line.dropLast().allSatisfy { $0 != "\n" })
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(
            object == [
                "time": "2023-11-14T22:13:20.25Z", "level": "error", "message": "it fails", "span": "3",
                "image": "a\"b c", "cause": "no room",
            ])
    }

    /// Escapes of one byte (C1), of two, a change of direction, and marks without end.
    private static let hostile =
        "a\u{9b}31m\u{1b}[2J\u{7f}\u{202e}\u{2028}e" + String(repeating: "\u{301}", count: 100_000)

    private func isHarmless(_ line: String) -> Bool {
        line.utf8.count < 40_000 && line.hasSuffix("\n")
            && line.dropLast().unicodeScalars.allSatisfy {
                ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
            }
    }

    @Test func linesHoldNothingThatATerminalObeys() throws {
        let fields: Logger.Metadata = ["cause": "\(Self.hostile)", "image": "b"]
        #expect(isHarmless(LogLine.text(.warning, "it fails", fields)))
        let json = LogLine.json(.warning, "it fails", fields, time: Timestamp(seconds: 0, nanoseconds: 0))
        #expect(isHarmless(json) && json.contains("a?31m?[2J???"))
        let error = HermesError(.corrupt, "bad", cause: HermesError(.corrupt, Self.hostile), advice: "fix\nit")
        #expect(isHarmless(ErrorLine.text(error)))
        #expect(ErrorLine.text(HermesError(.corrupt, "bad\nor", advice: "fix")) == "error: bad or (fix)\n")
    }

    @Test func documentsKeepTheirTextButEscapeIt() throws {
        let text = "a\u{9b}\u{7f}\u{202e}\u{2029}\u{e0001}é"
        let escaped = JSONOutput.escaped("[\"\(text)\"]\n")
        #expect(escaped == "[\"a\\u009b\\u007f\\u202e\\u2029\\udb40\\udc01é\"]\n")
        #expect(try JSONDecoder().decode([String].self, from: Data(escaped.utf8)) == [text])
    }
}
