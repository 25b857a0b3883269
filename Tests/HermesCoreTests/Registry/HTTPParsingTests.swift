import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

@Suite struct HTTPParsingTests {
    @Test(arguments: [
        ("https://a.example/x?y=1#z", "https://a.example:443", "https://a.example/x"),
        ("HTTP://A.example:5000", "http://a.example:5000", "http://a.example:5000/"),
        ("http://[::1]:5000/a", "http://[::1]:5000", "http://[::1]:5000/a"),
    ])
    func urls(text: String, origin: String, display: String) throws {
        let url = try HTTPURL(text)
        #expect(url.origin == origin)
        #expect(url.display == display)
        #expect(!url.text.contains("#"))
    }

    @Test(arguments: [
        ("/b/c?d", "https://a.example/b/c?d"), ("//b.example/c", "https://b.example/c"),
        ("http://c.example", "http://c.example/"), ("d?e", "https://a.example/x/d?e"),
        ("/with space/ä", "https://a.example/with%20space/%c3%a4"),
    ])
    func relativeURLs(location: String, expected: String) throws {
        let base = try HTTPURL("https://a.example/x/y?z")
        let url = try HTTPURL(location, relativeTo: base)
        #expect(url.text == expected)
    }

    @Test(arguments: [
        "", "a", "/a", "file:///etc/passwd", "ftp://a/b", "gopher://a", "https://",
        "https://user:hunter2@a.example/b", "https://a b/", "https://a/\r\nX: y", "https://a/\u{0}b",
        "javascript:alert(1)",
        "https://a:99999/", "https://a/" + String(repeating: "x", count: 40_000),
    ])
    func refusesOtherURLs(text: String) {
        let error = #expect(throws: HermesError.self) { try HTTPURL(text) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func queriesAreAdded() throws {
        let plain = try HTTPURL("https://a/b").adding("digest", "sha256:1")
        #expect(plain.text == "https://a/b?digest=sha256%3A1")
        #expect(
            try HTTPURL("https://a/b?_state=x%3D").adding("digest", "1").text
                == "https://a/b?_state=x%3D&digest=1")
    }

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
