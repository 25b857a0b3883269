import HermesSupport

/// An API server's word for why it refused a call (meta/v1 Status); the cause of the error that the call throws.
package struct KubernetesStatus: Error, Sendable, Equatable {
    /// The status code of HTTP.
    package let code: Int
    /// A word in CamelCase for programs, such as NotFound; empty when the server gave none.
    package let reason: String
    /// A sentence for people; empty when the server gave none.
    package let message: String
    /// The milliseconds that the server wants the caller to wait; nil when it did not say. At most five minutes.
    package let retryAfter: Int?

    package init(code: Int, reason: String = "", message: String = "", retryAfter: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
    }

    /// There is no such object, or no such kind.
    package var isNotFound: Bool { code == 404 }
    /// The object was changed meanwhile, or is there already.
    package var isConflict: Bool { code == 409 }
    /// The object is there already.
    package var alreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// The version or the page that was asked for is not kept any more.
    package var isGone: Bool { code == 410 || reason == "Expired" || reason == "Gone" }
}

extension KubernetesStatus: CustomStringConvertible {
    package var description: String {
        ["\(code)", reason.printable(60), message.printable(500)].filter { !$0.isEmpty }.joined(separator: " ")
    }
}

extension KubernetesStatus: Decodable {
    private enum CodingKeys: String, CodingKey { case code, reason, message, details }
    private struct Details: Decodable { var retryAfterSeconds: Int? }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let details = try? values.decodeIfPresent(Details.self, forKey: .details)
        self.init(
            code: try values.decodeIfPresent(Int.self, forKey: .code) ?? 0,
            reason: try values.decodeIfPresent(String.self, forKey: .reason) ?? "",
            message: try values.decodeIfPresent(String.self, forKey: .message) ?? "",
            retryAfter: details?.retryAfterSeconds.flatMap(Self.milliseconds))
    }

    /// The milliseconds of a wait in seconds; nil for a wait that is none.
    static func milliseconds(_ seconds: Int) -> Int? { seconds > 0 ? min(seconds, 300) * 1000 : nil }

    /// The status of an answer. The code is the answer's own; a body that is no Status (a proxy's page) is left out.
    init(code: Int, retryAfter header: String?, body: [UInt8]) {
        let status = try? JSON.decode(KubernetesStatus.self, from: body, name: "the answer")
        let wait = header.flatMap { Int64(strictDigits: $0) }.flatMap { Self.milliseconds(Int($0)) }
        self.init(
            code: code, reason: status?.reason ?? "", message: status?.message ?? "",
            retryAfter: wait ?? status?.retryAfter)
    }
}

extension HermesError {
    /// The API server's word for why it refused the call; nil for an error of another kind.
    package var kubernetesStatus: KubernetesStatus? { cause as? KubernetesStatus }

    /// The error of a call `action`, such as "cannot list pods", that the API server refused.
    static func refused(_ action: String, _ status: KubernetesStatus) -> HermesError {
        let code: Code =
            switch status.code {
            case 401, 403: .denied
            case 404: .notFound
            case 409: .cannotCreate
            case 410: .notFound
            case 408, 429, 500...: .unavailable
            default: .protocolViolation
            }
        return HermesError(code, action, cause: status)
    }
}
