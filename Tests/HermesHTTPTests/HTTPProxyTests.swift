import CCurl
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite struct HTTPProxyTests {
    @Test(arguments: [
        ("proxy", "http://proxy:80", nil, nil), ("proxy:3128", "http://proxy:3128", nil, nil),
        ("HTTP://Proxy/", "http://proxy:80", nil, nil), ("https://proxy", "https://proxy:443", nil, nil),
        ("socks5h://proxy", "socks5h://proxy:1080", nil, nil), ("http://[::1]:3128", "http://[::1]:3128", nil, nil),
        ("me:pass@proxy:1", "http://proxy:1", "me", "pass"), ("http://me@proxy", "http://proxy:80", "me", nil),
        ("http://m%40e:p%2Fa%20s%3As@proxy", "http://proxy:80", "m@e", "p/a s:s"),
    ])
    func parts(text: String, server: String, user: String?, password: String?) throws {
        let proxy = try HTTPProxy(text, from: "X")
        #expect(proxy.server == server)
        #expect(proxy.user == user)
        #expect(proxy.password == password)
        #expect("\(proxy)" == server)
        #expect(String(reflecting: [proxy]).contains(server))
        if let password { #expect(!String(reflecting: [proxy]).contains(password)) }
    }

    /// The password of each is hunter2, in one way or another.
    static let bad = [
        "http://me:hunter2/x@proxy:3128", "http://me:x/hunter2@proxy:3128", "http://me:12/hunter2@proxy:3128",
        "http://me:12?hunter2@proxy:3128", "http://me:12#hunter2@proxy:3128", "http://me:hunter2 x@proxy:3128",
        "http://me:hunter2@x@y@proxy:3128:7", "me:hunter2/x@proxy", "ftp://me:hunter2@proxy", "hunter2://me@proxy",
        "http://me:hunter2@", "http://me:hunter2@proxy:99999", "http://me:hunter2@proxy:port",
        "http://me:hunter2%00@proxy", "http://me:hunter2\n@proxy", "http://me:hunter2@pro xy", "://me:hunter2@proxy",
        "http://me:hunter2@[::1", "http://me:hunter2@proxy" + String(repeating: "x", count: 40_000),
    ]

    @Test(arguments: bad) func otherThingsAreRefusedAndNotShown(text: String) {
        let error = #expect(throws: HermesError.self) { try HTTPProxy(text, from: "HTTPS_PROXY") }
        #expect(error?.code == .usage)
        #expect(error?.message.hasPrefix("HTTPS_PROXY is not a proxy's URL") == true)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    /// The error comes with the requests that would go that way, and names the variable that was read.
    @Test(arguments: bad) func aBadVariableFailsWhereItIsUsed(text: String) async throws {
        let client = try HTTPClient(
            authorities: nil, proxies: ProxySettings { ["all_proxy": text, "NO_PROXY": "127.0.0.0/8"][$0] })
        let request = HTTPRequest("GET", try HTTPURL("http://registry.test/"))
        let error = await #expect(throws: HermesError.self) { try await client.send(request, limit: 1) }
        #expect(error?.code == .usage)
        #expect(error?.message.hasPrefix("all_proxy is not") == true)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
        try await Self.server.get().text("/sent/proxy", client)
    }

    private static let server = Result { try HTTPTestServer() }

    /// Whatever a proxy with a password does: it is not there, its name is unknown, it refuses, it speaks no TLS.
    @Test(arguments: [
        ("http", "127.0.0.1:1"), ("http", "proxy.invalid:3128"), ("http", "PORT"), ("https", "PORT"),
        ("socks4", "PORT"), ("socks5", "PORT"), ("socks5h", "127.0.0.1:1"),
    ])
    func errorsOfTransfersDoNotShowThePassword(scheme: String, host: String) async throws {
        let host = host == "PORT" ? "127.0.0.1:\(try Self.server.get().port)" : host
        let client = try HTTPClient(
            authorities: nil, proxies: ProxySettings { $0 == "HTTPS_PROXY" ? "\(scheme)://me:hunter2@\(host)" : nil })
        let request = HTTPRequest("GET", try HTTPURL("https://registry.test/"))
        let error = await #expect(throws: HermesError.self) { try await client.send(request, limit: 1) }
        #expect(error?.message.contains("registry.test") == true)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    /// libcurl's own words, as far as it can be brought to say them.
    @Test(arguments: [
        "Unsupported proxy syntax in 'http://me:hunter2/x@proxy:3128': Port number was not a decimal number",
        "Could not resolve proxy: hunter2@proxy", "Unsupported proxy scheme for 'x://me:hunter2'",
    ])
    func wordsAboutProxiesAreLeftOut(detail: String) throws {
        let url = try HTTPURL("https://registry.test/")
        let error = HermesError.transport(CURLE_COULDNT_RESOLVE_PROXY, url: url, detail: detail)
        #expect(!"\(error)".contains("hunter2"))
        #expect("\(error)".contains("registry.test"))
        let harmless = HermesError.transport(CURLE_COULDNT_CONNECT, url: url, detail: "Failed to connect to a port 7")
        #expect("\(harmless)".contains("Failed to connect to a port 7"))
    }
}
