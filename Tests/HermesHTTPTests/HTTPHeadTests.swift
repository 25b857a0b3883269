import HermesSupport
import Testing

@testable import HermesHTTP

@Suite struct HTTPHeadTests {
    private func parse(_ lines: [String]) throws -> HTTPHead? {
        var parser = HTTPHeadParser(url: try HTTPURL("https://a/b"))
        for line in lines {
            if let head = try Array(line.utf8).withUnsafeBytes({ try parser.line($0) }) { return head }
        }
        return nil
    }

    @Test func heads() throws {
        let head = try #require(
            try parse([
                "HTTP/1.1 100 Continue\r\n", "X-Early: 1\r\n", "\r\n", "HTTP/2 206 \r\n",
                "Content-Length:  12 \r\n",
                "Link: a\r\n", "link: b\r\n", "no colon\r\n", "\r\n",
            ]))
        #expect(head.status == 206)
        #expect(head.contentLength == 12)
        #expect(head.all("link") == ["a", "b"])
        #expect(head["x-early"] == nil)
        #expect(throws: HermesError.self) { try parse(["HTTP/1.1 abc\r\n", "\r\n"]) }
        #expect(throws: HermesError.self) {
            try parse(
                ["HTTP/1.1 200\r\n"]
                    + Array(repeating: "X: " + String(repeating: "y", count: 1000), count: 300))
        }
    }
}
