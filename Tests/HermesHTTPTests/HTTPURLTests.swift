import HermesSupport
import Testing

@testable import HermesHTTP

@Suite struct HTTPURLTests {
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
}
