import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

@Suite struct RegistryParsingTests {
    @Test(arguments: [
        ("bytes 0-0/1", 0..<1 as Range<Int64>?), ("Bytes 5-9/*", 5..<10), ("bytes  1-2/3", 1..<3),
        ("bytes 1-0/3", nil), ("bytes 0-3/3", nil), ("bytes */3", nil), ("bytes 0-1", nil),
        ("items 0-1/3", nil),
        ("bytes -1-2/3", nil), ("bytes 0-9223372036854775807/*", nil),
        ("bytes 0-99999999999999999999/*", nil),
        ("", nil), ("bytes", nil), ("bytes +0-1/3", nil), ("bytes 0-1/3/4", nil), ("bytesx 0-1/3", nil),
    ])
    func contentRanges(text: String, expected: Range<Int64>?) {
        #expect(RangeReply.parse(contentRange: text) == expected)
    }

    /// Every way of cutting a body into chunks gives the same bytes.
    @Test(arguments: [
        (200, "", 3..<9 as Range<Int64>), (206, "bytes 3-8/20", 3..<9), (206, "bytes 0-19/20", 3..<9),
        (206, "bytes 2-9/20", 3..<9), (200, "", 0..<20), (206, "bytes 3-19/20", 3..<20),
    ])
    func repliesAreCut(status: Int, contentRange: String, wanted: Range<Int64>) throws {
        let blob = Array(0..<20 as Range<UInt8>)
        let headers = contentRange.isEmpty ? [] : [("content-range", contentRange)]
        let head = HTTPHead(status: status, headers: headers, url: try HTTPURL("https://a/b"))
        let offered =
            contentRange.isEmpty ? 0..<20 : try #require(RangeReply.parse(contentRange: contentRange))
        let body = blob[Int(offered.lowerBound)..<Int(offered.upperBound)]
        for size in 1...20 {
            var reply = try RangeReply(head, wanted: wanted, name: "x")
            var got: [UInt8] = []
            var rest = body
            while !rest.isEmpty {
                try Array(rest.prefix(size)).withUnsafeBytes { got += try reply.take($0) }
                rest = rest.dropFirst(size)
            }
            try reply.end()
            #expect(got == Array(blob[Int(wanted.lowerBound)..<Int(wanted.upperBound)]))
        }
    }

    @Test(arguments: [
        (1, nil, 100 as Int64?), (2, nil, 200), (3, nil, 400), (4, nil, nil), (1, 5_000 as Int64?, 5_000),
        (1, 600_000, 60_000), (1, -5, 100), (0, nil, nil), (Int.max, nil, nil),
    ])
    func delays(failures: Int, asked: Int64?, expected: Int64?) {
        let policy = RetryPolicy(tries: 4)
        #expect(policy.delay(failures: failures, asked: asked, random: 0) == expected)
        if let expected, let longest = policy.delay(failures: failures, asked: asked, random: 1) {
            #expect(longest >= expected)
        }
    }

    @Test(arguments: [
        ("0", 0 as Int64?), ("120", 120_000), ("99999999999", 86_400_000), ("-1", nil), ("soon", nil),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37_000), ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("1e9", nil),
    ])
    func retryAfter(text: String, expected: Int64?) {
        // date -ud "1994-11-06 08:49:00" +%s
        #expect(RetryPolicy.parse(retryAfter: text, now: 784_111_740) == expected)
    }

    @Test func nextPages() throws {
        func next(_ link: String) throws -> String? {
            RegistryClient.nextPage(
                HTTPHead(status: 200, headers: [("link", link)], url: try HTTPURL("https://a/")))
        }
        #expect(try next(#"</v2/a?n=1>; rel="next""#) == "/v2/a?n=1")
        #expect(try next(#"<https://a/b>;rel=next"#) == "https://a/b")
        #expect(try next(#"</v2/a>; rel="prev""#) == nil)
        #expect(try next("<") == nil)
        #expect(try next("><") == nil)
    }
}
