import FoundationEssentials
import HermesHTTP
import HermesSupport

extension RegistryHost {
    /// How much of an error's body is read.
    static let errorLimit = 64 << 10

    private struct ErrorBody: Decodable {
        struct Entry: Decodable {
            var code: String?
            var message: String?
        }
        var errors: [Entry]
    }

    /// The error for an answer that is not a success. `what` names the manifest, blob or list that was asked for.
    func failure(_ head: HTTPHead, _ body: [UInt8], what: String) -> HermesError {
        let said = Self.message(in: body).map { " (\($0))" } ?? ""
        let elsewhere = head.url.origin != base.origin
        let who = elsewhere ? "\(head.url.origin), to which \(name) redirects," : name
        let retryAfter = RetryPolicy.asked(by: head).map { RetryAfter(milliseconds: $0) }
        switch head.status {
        case 401, 403:
            return HermesError(
                .denied, "\(who) denies access to \(what): status \(head.status)\(said)",
                advice: elsewhere ? nil : Credentials.advice(for: name))
        case 404: return HermesError(.notFound, "\(who) has no \(what)\(said)")
        case 429:
            return HermesError(
                .unavailable, "\(who) limits the rate of requests: status 429 for \(what)\(said)",
                cause: retryAfter, advice: "log in, or try again later")
        case 500...599:
            return HermesError(
                .unavailable, "\(who) fails with status \(head.status) for \(what)\(said)", cause: retryAfter)
        default:
            return HermesError(
                .protocolViolation,
                "\(who) answers with the unexpected status \(head.status) for \(what)\(said)")
        }
    }

    /// The registry's own error message (distribution spec, error codes), fit for one line.
    private static func message(in body: [UInt8]) -> String? {
        guard let errors = try? JSONDecoder().decode(ErrorBody.self, from: Data(body)).errors,
            let first = errors.first
        else { return nil }
        let words = [first.code, first.message].compactMap(\.self).filter { !$0.isEmpty }
        return words.isEmpty ? nil : words.joined(separator: ": ").printable(200)
    }
}
