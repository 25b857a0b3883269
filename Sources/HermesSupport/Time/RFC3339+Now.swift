import Glibc

extension Timestamp {
    /// Now, by the system's clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(truncatingIfNeeded: time.tv_nsec))
    }

    /// The moment in UTC as RFC 3339 has it, such as "2026-01-31T23:59:59.25Z"; empty for a year outside 0 to 9999.
    package var rfc3339: String {
        var text: [UInt8] = []
        RFC3339.format(self, into: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
