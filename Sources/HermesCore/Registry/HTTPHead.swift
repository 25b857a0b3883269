/// The start of an answer: its status and header fields.
public struct HTTPHead: Sendable {
    /// The status code, 200 to 999.
    public let status: Int
    /// The header fields in order, names in lower case.
    public let headers: [(name: String, value: String)]
    /// Who answered: the request's URL, or the one that it was redirected to.
    public let url: HTTPURL

    /// The first field of that name, which is given in lower case.
    public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// All fields of that name, which is given in lower case.
    public func all(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }

    /// The length of the body, if the answer gives it as a number.
    public var contentLength: Int64? { self["content-length"].flatMap { Int64(strictDigits: $0) } }
}

extension Int64 {
    /// Reads decimal digits and nothing else: no sign, no space.
    init?(strictDigits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), let value = Int64(text) else { return nil }
        self = value
    }
}
