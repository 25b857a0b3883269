import HermesSupport
import Testing

@testable import HermesBench

/// Against RFC 3986 for addresses in URLs.
@Suite struct PodRequestTests {
    @Test func putsTheAddressInItsPlace() throws {
        let request = try PodRequest(template: "http://{ip}:8000/v1?key=secret", body: [1])
        #expect(try request.request(to: "10.0.0.7").url.text == "http://10.0.0.7:8000/v1?key=secret")
        #expect(try request.request(to: "fd00::7").url.text == "http://[fd00::7]:8000/v1?key=secret")
        #expect(request.words == "POST http://{ip}:8000/v1")
    }

    @Test(arguments: ["http://10.0.0.7/", "{ip}", "ftp://{ip}/", "http://user:word@{ip}/", "http://{ip}:port/"])
    func refusesWhatIsNoURLOfAPod(template: String) {
        #expect(throws: HermesError.self) { try PodRequest(template: template) }
    }
}
