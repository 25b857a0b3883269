/// One HTTP request. A value: it can be sent again.
package struct HTTPRequest: Sendable {
    /// The bytes that are sent after the headers. Every body can be sent again from its start.
    package enum Body: Sendable {
        /// Nothing; a POST then says "Content-Length: 0".
        case none
        /// Bytes in memory.
        case bytes([UInt8])
        /// A local file of `size` bytes.
        case file(path: String, size: Int64)
    }

    /// The method, in capitals.
    package var method: String
    /// Where to.
    package var url: HTTPURL
    /// The header fields, in order.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: Body
    /// How many redirects are followed; with 0 the caller gets the 3xx answer itself.
    package var redirects = 10
    /// How many seconds the transfer may be slower than 1 KiB/s before it fails; nil for no such limit. A registry that checks
    /// a large upload before it answers needs more, and a watch is silent for as long as nothing happens.
    package var stallLimit: Int? = 30
    /// How many seconds the whole transfer may take; nil for no bound but `stallLimit`.
    package var timeLimit: Int?
    /// Whether a connection of its own is made for it, because those that there are may be dead without anybody having
    /// noticed.
    package var isOnNewConnection = false
    /// How connections are made where the host wants it otherwise, redirects included: a registry's object store often
    /// has its certificate from the same authority.
    package var settings: HTTPConnectionSettings?
    /// Header fields that go to the URL's own origin alone; one in `headers` takes the place of those of its name.
    package var originHeaders: [(name: String, value: String)] = []

    /// Makes a request.
    package init(
        _ method: String, _ url: HTTPURL, headers: [(name: String, value: String)] = [], body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
