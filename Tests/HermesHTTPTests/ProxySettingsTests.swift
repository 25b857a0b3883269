import HermesSupport
import Testing

@testable import HermesHTTP

@Suite struct ProxySettingsTests {
    private func proxy(_ url: String, _ variables: [String: String]) throws -> String? {
        try ProxySettings { variables[$0] }.proxy(for: HTTPURL(url))?.server
    }

    @Test func theSchemeChooses() throws {
        let both = ["HTTP_PROXY": "a", "http_proxy": "x", "https_proxy": "b"]
        #expect(try proxy("http://r.io", both) == "http://a:80")
        #expect(try proxy("https://r.io", both) == "http://b:80")
        #expect(try proxy("https://r.io", ["HTTP_PROXY": "a"]) == nil)
        #expect(try proxy("https://r.io", ["ALL_PROXY": "c"]) == "http://c:80")
        for url in ["http://localhost:5000", "http://127.1.2.3", "http://[::1]:5000"] {
            #expect(try proxy(url, both) == nil)
        }
    }

    @Test(arguments: [
        ("*", "r.io", true), ("r.io", "r.io", true), ("r.io", "a.r.io", true), ("r.io", "br.io", false),
        (".r.io", "r.io", false), (".r.io", "a.r.io", true), ("*.r.io", "a.r.io", true), (" x , R.IO ", "r.io", true),
        ("r.io:443", "r.io", true), ("r.io:80", "r.io", false), ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false), ("10.1.2.0/23", "10.1.3.4", true), ("10.1.2.0/23", "10.1.4.4", false),
        ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3:443", "10.1.2.3", true), ("10.1.2.3:80", "10.1.2.3", false),
        ("fd00::/8", "[fd12::1]", true), ("fd00::/8", "[fe80::1]", false), ("[fd00::1]:443", "[fd00::1]", true),
        ("fd00::1", "[fd00::1]", true), ("0.0.0.0/0", "1.2.3.4", true), ("10.0.0.0/33", "10.0.0.0", false),
        ("", "r.io", false), (",,.,:,[]", "r.io", false), ("10.0.0.0/8", "r.io", false), ("io", "r.io", true),
    ])
    func exceptions(rule: String, host: String, isExcepted: Bool) throws {
        let found = try proxy("https://\(host)", ["HTTPS_PROXY": "p", "NO_PROXY": rule])
        #expect(found == (isExcepted ? nil : "http://p:80"))
    }
}
