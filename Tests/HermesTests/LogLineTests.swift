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
                "time": "2023-11-14T22:13:20.25Z", "level": "error", "message": "it\nfails", "span": "3",
                "image": "a\"b\nc", "cause": "no\nroom",
            ])
    }
}
