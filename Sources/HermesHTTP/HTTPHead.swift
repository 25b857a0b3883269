import HermesSupport

/// The start of an answer: its status and header fields.
package struct HTTPHead: Sendable {
    /// The status code, 200 to 999.
    package let status: Int
    /// The header fields in order, names in lower case.
    package let headers: [(name: String, value: String)]
    /// The URL that answered: the request's, or the one that the request was redirected to.
    package let url: HTTPURL

    /// The first field of that name, which is given in lower case.
    package subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// All fields of that name, which is given in lower case.
    package func all(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }

    /// The length of the body, if the answer gives it as a number.
    package var contentLength: Int64? { self["content-length"].flatMap { Int64(strictDigits: $0) } }
}
