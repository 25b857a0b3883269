import HermesSupport

/// The body of an answer as a stream that one thread pulls, while the event loop fills a bounded buffer: at most a MiB and
/// one piece of libcurl's are held, and the transfer waits for a slow reader.
///
/// A read throws `unavailable` and `protocolViolation` when the transfer fails, after all bytes that had come by then, and
/// `interrupted` when the client is closed. The transfer ends, and its connection is closed, with the last reference.
package final class HTTPBodyStream: ByteSource {
    /// Status and headers. Bytes come whatever the status is.
    package let head: HTTPHead
    /// A client ends with its last reference, and its transfers with it.
    private let client: HTTPClient
    private let receiver: HTTPBodyReceiver

    fileprivate init(head: HTTPHead, client: HTTPClient, receiver: HTTPBodyReceiver) {
        self.head = head
        self.client = client
        self.receiver = receiver
    }

    deinit { receiver.cancel() }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !buffer.isEmpty else { return 0 }
        return try receiver.read(into: buffer)
    }
}

extension HTTPClient {
    /// Sends a request and returns the answer's body as a stream as soon as its head is there, whatever its status. Blocks:
    /// not for Swift's cooperative threads, nor for the event loop's. Throws as `send` does.
    package func body(_ request: HTTPRequest) throws -> HTTPBodyStream {
        let receiver = HTTPBodyReceiver(name: request.url.display)
        let head = try receiver.head { try start(request, handler: receiver) }
        return HTTPBodyStream(head: head, client: self, receiver: receiver)
    }
}
