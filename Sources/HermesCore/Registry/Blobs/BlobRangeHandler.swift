import HermesHTTP
import HermesSupport

/// The handler of a range fetch: hands on exactly the bytes of the range, or fails. Event-loop thread only.
///
/// `deliver` is called for all bytes that come, with an empty piece where they do not belong to the range; it returns
/// whether the fetch is still wanted.
final class BlobRangeHandler: HTTPHandler, @unchecked Sendable {
    private let host: RegistryHost
    private let digest: Digest
    private let range: Range<Int64>
    private let deliver: @Sendable (UnsafeRawBufferPointer) -> Bool
    private let completion: @Sendable (Result<Void, HermesError>) -> Void
    private var reply: RangeReply?
    private var error: HermesError?
    /// An answer that does not bring the blob, and its body.
    private var refusal: HTTPHead?
    private var refusalBody: [UInt8] = []

    init(
        host: RegistryHost, digest: Digest, range: Range<Int64>,
        deliver: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool,
        completion: @escaping @Sendable (Result<Void, HermesError>) -> Void
    ) {
        self.host = host
        self.digest = digest
        self.range = range
        self.deliver = deliver
        self.completion = completion
    }

    func began(_ head: HTTPHead) -> Bool {
        guard head.status == 200 || head.status == 206 else {
            refusal = head
            return true
        }
        do {
            reply = try RangeReply(head, wanted: range, name: "\(head.url.origin), blob \(digest)")
            return true
        } catch {
            self.error = .from(error)
            return false
        }
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        guard refusal == nil else {
            guard refusalBody.count + bytes.count <= RegistryHost.errorLimit else { return .stop }
            refusalBody.append(contentsOf: bytes)
            return .taken
        }
        do {
            guard let wanted = try reply?.take(bytes), deliver(wanted) else { return .stop }
            return reply?.isWorthStopping == true ? .stop : .taken
        } catch {
            self.error = .from(error)
            return .stop
        }
    }

    func finished(_ result: Result<Void, HermesError>) {
        completion(
            result.flatMap {
                if let error { return .failure(error) }
                if let refusal {
                    return .failure(
                        host.failure(refusal, refusalBody, what: "blob \(digest), bytes \(range)"))
                }
                return Result { try reply?.end() ?? () }.mapError { .from($0) }
            })
    }
}
