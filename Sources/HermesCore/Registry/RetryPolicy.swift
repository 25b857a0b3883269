import CCurl
import Glibc
import HermesHTTP
import HermesSupport

/// How often and when a failed request is tried again: exponential, with jitter, so that a thousand nodes do not come
/// back at the same moment. Pure.
struct RetryPolicy: Sendable {
    /// Tries in all.
    var tries = 5
    /// Milliseconds before the second try; each further wait is twice as long.
    var first: Int64 = 200
    /// The longest wait in milliseconds that is made without being asked for.
    var longest: Int64 = 10_000
    /// The longest wait in milliseconds that a server can ask for.
    var longestAsked: Int64 = 60_000

    /// The milliseconds to wait after the `failures`th failure in a row (from 1), or nil to give up. `asked` is the
    /// wait that the server asks for (Retry-After); `random` is from 0 to 1.
    func delay(failures: Int, asked: Int64?, random: Double) -> Int64? {
        guard failures >= 1, failures < tries else { return nil }
        let exponential = failures > 20 ? longest : min(longest, first << Int64(failures - 1))
        let jittered = exponential / 2 + Int64(Double(exponential / 2) * min(max(random, 0), 1))
        guard let asked else { return jittered }
        return max(jittered, min(max(asked, 0), longestAsked))
    }

    /// Whether a status asks for another try.
    static func isTemporary(_ status: Int) -> Bool {
        status == 429 || (500...599).contains(status) && status != 501
    }

    /// The milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110 section 10.2.3). `now` is in
    /// seconds since 1970.
    static func parse(retryAfter text: String, now: Int) -> Int64? {
        if let seconds = Int64(strictDigits: text) { return min(seconds, 86_400) * 1000 }
        let date = curl_getdate(text, nil)
        guard date >= 0, now >= 0 else { return nil }
        return Int64(min(max(date - now, 0), 86_400)) * 1000
    }

    /// The milliseconds that an answer's Retry-After asks for, from now.
    static func asked(by head: HTTPHead) -> Int64? {
        head["retry-after"].flatMap { parse(retryAfter: $0, now: time(nil)) }
    }
}
