import HermesSupport

/// The body of an answer, line by line, while it comes: for a watch of Kubernetes, which answers with one JSON document on
/// each line and ends when it likes.
///
/// A line ends with LF or CRLF, which do not belong to the line. The last line also counts without them, if the answer
/// ends in order. At most a few hundred KiB and one line are held in memory: the transfer waits for a slow reader. The
/// transfer ends, and its connection is closed, with the last reference to the stream and its iterators, or with the
/// reader's task.
///
/// Can be used from any thread, by one reader at a time. Iterating throws:
/// - `protocolViolation` for a line that is longer than the limit,
/// - `unavailable` and `protocolViolation` when the transfer fails, after all lines that were complete by then,
/// - `interrupted` when the task is cancelled or the client closed.
package final class HTTPLineStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    /// Status and headers. Lines come whatever the status is.
    package let head: HTTPHead
    /// A client ends with its last reference, and its transfers with it.
    private let client: HTTPClient
    let receiver: HTTPLineReceiver

    fileprivate init(head: HTTPHead, client: HTTPClient, receiver: HTTPLineReceiver) {
        self.head = head
        self.client = client
        self.receiver = receiver
    }

    deinit { receiver.cancel() }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: HTTPLineStream

        /// The next line; nil at the end, and after an error.
        package mutating func next() async throws -> [UInt8]? { try await stream.receiver.next() }
    }

    /// Goes on where the last iterator stopped.
    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }
}

extension HTTPClient {
    /// Sends a request and returns the answer's lines as soon as its head is there, whatever its status. A line has at most
    /// `limit` bytes. A request that may be silent wants `stallLimit` nil. Throws as `send` does.
    package func lines(_ request: HTTPRequest, limit: Int = 4 << 20) async throws -> HTTPLineStream {
        let receiver = HTTPLineReceiver(name: request.url.display, limit: limit)
        let head = try await receiver.head { try self.start(request, handler: receiver) }
        return HTTPLineStream(head: head, client: self, receiver: receiver)
    }
}
