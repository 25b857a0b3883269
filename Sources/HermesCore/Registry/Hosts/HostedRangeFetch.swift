/// The fetch of a range from one host after the other: the next goes on where the one before it failed.
///
/// Belongs to the event-loop thread but for `cancel`.
final class HostedRangeFetch: @unchecked Sendable {
    private let client: RegistryClient
    private let blob: BlobTargets.Blob
    private var rest: Range<Int64>
    private let deliver: @Sendable (UnsafeRawBufferPointer) -> Void
    private let completion: @Sendable (Result<Void, HermesError>) -> Void
    private let thing: String
    private var round: HostRound
    private var exchange: BlobExchange?
    private var cancelled = false

    init(
        client: RegistryClient, blob: BlobTargets.Blob, range: Range<Int64>,
        deliver: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
        completion: @escaping @Sendable (Result<Void, HermesError>) -> Void
    ) {
        self.client = client
        self.blob = blob
        rest = range
        self.deliver = deliver
        self.completion = completion
        thing = "\(blob.repository)@\(blob.digest)"
        round = client.round(.pull, thing: thing)
    }

    /// Asks the first host.
    func start() { askNext() }

    /// Ends it soon, with `interrupted`. From any thread.
    func cancel() {
        try? client.http.perform { [self] in
            cancelled = true
            exchange?.cancel()
        }
    }

    private func askNext() {
        guard !cancelled else {
            return completion(
                .failure(HermesError(.interrupted, "the request to \(client.name) was cancelled")))
        }
        guard let index = round.next() else {
            return completion(.failure(round.error ?? client.noHost(.pull)))
        }
        let fetch = BlobRangeFetch(
            host: client.hosts[index], digest: blob.digest, range: rest,
            deliver: { [self] bytes in
                rest = rest.lowerBound + Int64(bytes.count)..<rest.upperBound
                deliver(bytes)
            },
            completion: { [self] in ended(index, $0) })
        do {
            let exchange = try BlobExchange(client.hosts[index], blob, range: rest, handler: fetch)
            self.exchange = exchange
            exchange.start()
        } catch {
            completion(.failure(.from(error)))
        }
    }

    private func ended(_ index: Int, _ result: Result<Void, HermesError>) {
        exchange = nil
        switch result {
        case .success:
            client.succeeded(index)
            completion(.success(()))
        case .failure(let error):
            guard HostHealth.Fault(error) != nil else { return completion(.failure(error)) }
            client.failed(index, error, thing: thing)
            round.failed(index, error)
            // All came, and then the connection broke: nothing is left to ask anybody for.
            rest.isEmpty ? completion(.success(())) : askNext()
        }
    }
}
