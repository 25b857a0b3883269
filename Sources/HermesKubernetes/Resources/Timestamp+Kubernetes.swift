import HermesSupport

extension Timestamp {
    /// The moment as meta/v1 Time has it: RFC 3339 in whole seconds.
    package var kubernetesTime: String { Timestamp(seconds: seconds).rfc3339 }

    /// The moment as meta/v1 MicroTime has it: with exactly six digits of fraction, as Go reads no other.
    var kubernetesMicroTime: String {
        let digits = String(nanoseconds / 1000)
        return "\(kubernetesTime.dropLast()).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }
}
