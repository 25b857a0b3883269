import HermesHTTP
import HermesSupport

/// Checks that an answer brings the bytes of a range, and cuts it to them (RFC 9110 section 14). Pure.
///
/// A registry may ignore Range and send everything (200), or send more than was asked for. It must not send other bytes
/// than its answer declares. Ranges are half open, in bytes of the blob.
struct RangeReply {
    /// Bytes of the body before the range.
    private var skip: Int64
    /// Bytes of the range that are still to come.
    private(set) var left: Int64
    /// Bytes of the body after the range.
    private var after: Int64
    private let name: String

    /// Takes the head of a 200 or 206. `name` names the blob and its host in errors. Throws `protocolViolation`.
    init(_ head: HTTPHead, wanted: Range<Int64>, name: String) throws {
        func fail(_ why: String) -> HermesError {
            HermesError(.protocolViolation, "\(name): asked for bytes \(wanted), \(why)")
        }
        self.name = name
        if let encoding = head["content-encoding"], encoding.lowercased() != "identity" {
            throw fail("the answer is encoded (\(encoding.printable(40)))")
        }
        if let type = head["content-type"], type.lowercased().hasPrefix("multipart/") {
            throw fail("the answer is in several parts")
        }
        let offered: Range<Int64>
        switch head.status {
        case 206:
            guard let text = head["content-range"] else { throw fail("the answer does not say which it has") }
            guard let range = Self.parse(contentRange: text) else {
                throw fail("the answer has a Content-Range \"\(text.printable(80))\"")
            }
            if let length = head.contentLength, length != Int64(range.count) {
                throw fail("the answer has \(range), but a length of \(length)")
            }
            offered = range
        case 200:
            // Without a length, the end of the body decides.
            offered = 0..<(head.contentLength ?? Int64.max)
        default: throw fail("the answer has status \(head.status)")
        }
        guard offered.lowerBound <= wanted.lowerBound, offered.upperBound >= wanted.upperBound else {
            throw fail("the answer has \(offered)")
        }
        skip = wanted.lowerBound - offered.lowerBound
        left = Int64(wanted.count)
        after = offered.upperBound - wanted.upperBound
    }

    /// Whether the range is complete and so many unwanted bytes are still to come that the answer is better cut off.
    var isWorthStopping: Bool { left == 0 && after > 64 << 10 }

    /// The part of the next bytes of the body that belongs to the range; may be empty. Throws `protocolViolation` when
    /// the body goes on after the end that its head gave.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        let skipped = Int(min(skip, Int64(bytes.count)))
        let taken = Int(min(left, Int64(bytes.count - skipped)))
        let extra = Int64(bytes.count - skipped - taken)
        guard extra <= after else {
            throw HermesError(.protocolViolation, "\(name): the answer is longer than it says")
        }
        skip -= Int64(skipped)
        left -= Int64(taken)
        after -= extra
        // Both are at most bytes.count, and their sum as well.
        return UnsafeRawBufferPointer(rebasing: bytes[skipped..<skipped + taken])
    }

    /// Checks, at the end of the body, that all came. Throws `unavailable`: it can be asked for again.
    func end() throws {
        guard left == 0 else {
            throw HermesError(.unavailable, "\(name): the answer ended \(left) bytes too early")
        }
    }

    /// "bytes first-last/size" or "bytes first-last/*", as a half-open range.
    static func parse(contentRange text: String) -> Range<Int64>? {
        let text = text.trimmingASCIISpace
        guard text.lowercased().hasPrefix("bytes"), let unitEnd = text.firstIndex(of: " ") else { return nil }
        let parts = text[unitEnd...].trimmingASCIISpace.split(
            separator: "/", omittingEmptySubsequences: false)
        guard text[..<unitEnd].lowercased() == "bytes", parts.count == 2 else { return nil }
        let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = Int64(strictDigits: bounds[0]),
            let last = Int64(strictDigits: bounds[1]), first <= last, last < Int64.max
        else { return nil }
        if parts[1] != "*" {
            guard let size = Int64(strictDigits: parts[1]), last < size else { return nil }
        }
        return first..<last + 1
    }
}
