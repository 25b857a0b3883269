import HermesSupport
import Testing

@testable import hermes

@Suite struct BenchRequestTests {
    @Test func dataIsSentWithARequest() throws {
        #expect(try BenchRequest.parse(["--request", "http://h/", "--data", "{}"]).body() == Array("{}".utf8))
        #expect(try BenchRequest.parse(["--request", "http://h/"]).body() == nil)
        #expect(try BenchRequest.parse([]).body() == nil)
        #expect(throws: HermesError.self) { try BenchRequest.parse(["--data", "{}"]).body() }
    }

    @Test(arguments: [["--rounds", "0"], ["--rounds", "301"], ["--requests", "100001"], ["--requests=-1"]])
    func repeatsHaveBounds(words: [String]) {
        #expect(throws: HermesError.self) { try BenchRepeats.parse(words).check() }
    }
}
