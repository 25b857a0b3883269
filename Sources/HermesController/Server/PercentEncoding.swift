import HermesSupport

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    /// Decodes a part of a URL; nil where it is not valid, or is not UTF-8 afterwards. `plusIsSpace` is for queries.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        guard byte.isHexadecimal else { return nil }
        // A letter's lower five bits count from 1, in both cases.
        return byte.isDigit ? byte - UInt8(ascii: "0") : (byte & 31) + 9
    }
}
