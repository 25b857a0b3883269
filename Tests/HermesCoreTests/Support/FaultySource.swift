import Dispatch
import Synchronization

@testable import HermesCore
@testable import HermesSupport

/// A source in front of another that breaks range requests as it is told.
final class FaultySource: ImageSource {
    /// What becomes of a request.
    enum Fault: Sendable {
        case none
        /// Some bytes of every span are others.
        case corrupt
        /// The first half, then a failure; or an end as if all were there.
        case broken, short
        case refused(HermesError)
        /// In pieces of a few bytes.
        case dripping
        case late(milliseconds: Int)
        /// Nothing comes until `release`.
        case held
    }

    private struct Held {
        let start: @Sendable () -> Void
    }

    private let base: any ImageSource
    private let fault: @Sendable (_ request: Int) -> Fault
    private let count = Atomic<Int>(0)
    private let held = Mutex<[Held]>([])
    private let seen = Mutex<[FetchTerms]>([])
    private let blames = Mutex<[String]>([])
    private let cancels = Atomic<Int>(0)

    /// `fault` is asked for each request, which are numbered from 0.
    init(_ base: any ImageSource, _ fault: @escaping @Sendable (_ request: Int) -> Fault) {
        self.base = base
        self.fault = fault
    }

    /// Requests so far.
    var requestCount: Int { count.load(ordering: .relaxed) }
    /// The terms of the requests, as they are now.
    var terms: [FetchTerms] { seen.withLock { $0 } }
    /// The hosts that were blamed.
    var blamed: [String] { blames.withLock { $0 } }
    /// Requests that were cancelled.
    var cancelCount: Int { cancels.load(ordering: .relaxed) }
    /// Requests that are held.
    var heldCount: Int { held.withLock(\.count) }

    /// Lets what is held go on.
    func release() {
        let all = held.withLock { held in
            defer { held = [] }
            return held
        }
        for request in all { request.start() }
    }

    @discardableResult
    func fetchRange(
        of digest: Digest, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle {
        let number = count.add(1, ordering: .relaxed).oldValue
        seen.withLock { $0.append(terms) }
        let once = Mutex(false)
        let completion: RangeFetchHandle.Completion = { result in
            let isFirst = once.withLock { done in
                defer { done = true }
                return !done
            }
            if isFirst { completion(result) }
        }
        let base = base
        let start: @Sendable (Range<Int64>, @escaping RangeFetchHandle.Delivery, HermesError?) -> Void =
            { range, deliver, error in
                base.fetchRange(of: digest, range: range, terms: terms, deliver: deliver) { result in
                    completion(error.map { .failure($0) } ?? result)
                }
            }
        let half = range.lowerBound..<range.lowerBound + Int64(range.count / 2)
        switch fault(number) {
        case .none: start(range, deliver, nil)
        case .corrupt:
            start(
                range,
                { bytes, host in
                    var copy = Array(bytes)
                    for index in stride(from: 0, to: copy.count, by: 11) { copy[index] ^= 0x10 }
                    copy.withUnsafeBytes { deliver($0, host) }
                }, nil)
        case .broken: start(half, deliver, HermesError(.unavailable, "the connection broke"))
        case .short: start(half, deliver, nil)
        case .refused(let error): DispatchQueue.global().async { completion(.failure(error)) }
        case .dripping:
            start(
                range,
                { bytes, host in
                    for first in stride(from: 0, to: bytes.count, by: 37) {
                        deliver(UnsafeRawBufferPointer(rebasing: bytes[first..<min(first + 37, bytes.count)]), host)
                    }
                }, nil)
        case .late(let milliseconds):
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                start(range, deliver, nil)
            }
        case .held: held.withLock { $0.append(Held { start(range, deliver, nil) }) }
        }
        return RangeFetchHandle(
            cancel: { [self] in
                cancels.add(1, ordering: .relaxed)
                DispatchQueue.global().async { completion(.failure(HermesError(.interrupted, "cancelled"))) }
            }, urge: { [self] deadline in seen.withLock { $0[number].deadline = deadline } })
    }

    func blame(_ host: String, for digest: Digest) {
        blames.withLock { $0.append(host) }
        base.blame(host, for: digest)
    }

    var name: String { base.name }
    func root() async throws -> Descriptor { try await base.root() }
    func readManifest(_ descriptor: Descriptor) async throws -> [UInt8] { try await base.readManifest(descriptor) }
    func readBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        try await base.readBlob(descriptor, limit: limit)
    }
    func openBlob(_ descriptor: Descriptor, until deadline: Monotonic?) throws -> any ByteSource {
        try base.openBlob(descriptor, until: deadline)
    }
    func manifest(_ digest: Digest) async throws -> [UInt8] { try await base.manifest(digest) }
    func referrers(of digest: Digest, artifactType: String?) async throws -> [Descriptor] {
        try await base.referrers(of: digest, artifactType: artifactType)
    }
}
