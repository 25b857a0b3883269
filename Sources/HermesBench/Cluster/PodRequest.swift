import HermesHTTP
import HermesSupport

/// A request to a Pod whose address is not known yet.
package struct PodRequest: Sendable {
    private static let place = "{ip}"

    private let template: String
    private let body: [UInt8]?
    private let contentType: String

    /// `template` is a URL with "{ip}" in the place of the Pod's address. Throws `usage`.
    package init(template: String, body: [UInt8]? = nil, contentType: String = "application/json") throws {
        guard template.contains(Self.place) else {
            throw HermesError(
                .usage, "--request takes a URL with \(Self.place), not \"\(template.printable(100))\"",
                advice: "such as http://{ip}:8000/v1/models")
        }
        self.template = template
        self.body = body
        self.contentType = contentType
        do {
            _ = try request(to: "127.0.0.1")
        } catch {
            throw HermesError(.usage, "--request does not take this URL", cause: error)
        }
    }

    /// The request to an address of IPv4 or IPv6. Throws `protocolViolation`.
    func request(to address: String) throws -> WorkloadRequest {
        let host = address.contains(":") ? "[\(address)]" : address
        let url = try HTTPURL(template.replacing(Self.place, with: host))
        return WorkloadRequest(url: url, body: body, contentType: contentType)
    }

    /// In words, for reports; without the query, which may be a credential.
    var words: String {
        let path = template.prefix { $0 != "?" && $0 != "#" }
        return "\(body == nil ? "GET" : "POST") \(String(path).printable(300))"
    }
}
