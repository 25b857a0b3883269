import HermesSupport

/// Which bytes a Range header asks for (RFC 9110, section 14). Pure.
enum ByteRangeRequest: Equatable {
    /// The whole, also for a header that cannot be understood, or that asks for several ranges, as RFC 9110 allows.
    case whole
    case part(Range<Int64>)
    /// None of the bytes are there.
    case unsatisfiable

    /// `size` is the number of bytes that there are, at least 0.
    init(_ header: String?, size: Int64) {
        self = .whole
        guard let header, header.utf8.count <= 100, let equals = header.firstIndex(of: "="),
            header[..<equals].trimmingASCIISpace.lowercased() == "bytes"
        else { return }
        let text = header[header.index(after: equals)...].trimmingASCIISpace
        guard let dash = text.firstIndex(of: "-") else { return }
        let (first, last) = (text[..<dash], text[text.index(after: dash)...])
        guard let first = Self.number(first), let last = Self.number(last) else { return }
        switch (first, last) {
        case (nil, nil): return
        case (nil, let count?):
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
        case (let first?, let last):
            guard last.map({ $0 >= first }) ?? true else { return }
            self = first < size ? .part(first..<min(last ?? .max, size - 1) + 1) : .unsatisfiable
        }
    }

    /// A position, .some(nil) for an empty text, nil for anything else. One beyond Int64 is beyond every file.
    private static func number(_ text: Substring) -> Int64?? {
        guard !text.isEmpty else { return .some(nil) }
        guard text.utf8.allSatisfy(\.isDigit) else { return nil }
        return .some(Int64(text) ?? .max)
    }
}
