import HermesHTTP
import HermesSupport

/// Fetches a range from the hosts that `RangeRace` chooses: performs the race's actions, and hands on the bytes
/// of the leg that wins.
///
/// Belongs to the event-loop thread but for `cancel` and `urge`. Until its end there is always a leg, whose failure when
/// the client is closed ends it.
final class BlobRangeDriver: @unchecked Sendable {
    private struct Leg {
        let host: Int
        let exchange: BlobExchange
        let began: Monotonic
        var hasDelivered = false
    }

    private let client: RegistryClient
    private let blob: BlobRedirects.Blob
    private var rest: Range<Int64>
    private let deliver: RangeFetchHandle.Delivery
    private let completion: RangeFetchHandle.Completion
    private var race: RangeRace
    /// The legs that count, by their number; bytes of other legs are dropped.
    private var legs: [Int: Leg] = [:]
    private var timer: HTTPTimer?
    private var isDone = false

    init(
        client: RegistryClient, blob: BlobRedirects.Blob, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) {
        self.client = client
        self.blob = blob
        rest = range
        self.deliver = deliver
        self.completion = completion
        race = RangeRace(client.round(.pull, thing: blob.description, deadline: terms.deadline), terms: terms)
    }

    /// Asks the first host.
    func start() { perform(race.begin(now: .now())) }

    /// Ends it soon, with `interrupted`. From any thread.
    func cancel() {
        try? client.http.perform { [self] in
            finish(.failure(HermesError(.interrupted, "the request to \(client.name) was cancelled")))
        }
    }

    /// A process waits from now on. From any thread.
    func urge(until deadline: Monotonic) {
        try? client.http.perform { [self] in
            race.urge(until: deadline, now: .now())
            watch()
        }
    }

    private func perform(_ actions: [RangeRace.Action]) {
        for action in actions where !isDone {
            switch action {
            case .ask(let leg, let host): ask(leg, host)
            case .drop(let leg, let host):
                client.lost(host)
                legs.removeValue(forKey: leg)?.exchange.cancel()
            case .giveUp(let leg, let host, let time):
                legs.removeValue(forKey: leg)?.exchange.cancel()
                let error = HermesError(
                    .unavailable, "\(client.hosts[host].name) sent nothing of blob \(blob.digest) for \(time) ms")
                client.failed(host, error, thing: blob.description)
                perform(race.failed(leg, error, isStalled: true, now: .now()))
            case .renew:
                let round = client.round(.pull, thing: blob.description, deadline: race.deadline)
                perform(race.renewed(round, now: .now()))
            case .fail: finish(.failure(race.error ?? client.noHost(.pull)))
            case .expire:
                finish(
                    .failure(
                        HermesError(
                            .unavailable, "\(client.name) did not deliver blob \(blob.digest) in time",
                            cause: race.error)
                    ))
            }
        }
        watch()
    }

    private func ask(_ leg: Int, _ host: Int) {
        let fetch = BlobRangeHandler(
            host: client.hosts[host], digest: blob.digest, range: rest,
            deliver: { [self] in received(leg, $0) }, completion: { [self] in ended(leg, $0) })
        do {
            let exchange = try BlobExchange(
                client.hosts[host], blob, range: rest, isOnNewConnection: race.isOnNewConnection, handler: fetch)
            legs[leg] = Leg(host: host, exchange: exchange, began: .now())
            exchange.start()
        } catch {
            finish(.failure(.from(error)))
        }
    }

    private func received(_ number: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let leg = legs[number] else { return false }
        let now = Monotonic.now()
        guard !bytes.isEmpty else {
            race.heard(number, now: now)
            return true
        }
        if !leg.hasDelivered {
            legs[number]?.hasDelivered = true
            client.answered(leg.host, after: Int(now.milliseconds(since: leg.began)))
        }
        rest = rest.lowerBound + Int64(bytes.count)..<rest.upperBound
        perform(race.delivered(number, bytes.count, now: now))
        guard !isDone else { return false }
        deliver(bytes, client.hosts[leg.host].name)
        return true
    }

    private func ended(_ number: Int, _ result: Result<Void, HermesError>) {
        guard let leg = legs.removeValue(forKey: number) else { return }
        switch result {
        case .success:
            client.succeeded(leg.host)
            finish(.success(()))
        case .failure(let error):
            guard HostHealth.Fault(error) != nil else { return finish(.failure(error)) }
            client.failed(leg.host, error, thing: blob.description)
            // All came, and then the connection broke: nothing is left to ask anybody for.
            guard !rest.isEmpty else { return finish(.success(())) }
            perform(race.failed(number, error, now: .now()))
        }
    }

    /// Performs the actions that are due, and sets the timer for the next ones. An earlier timer stays.
    private func watch() {
        guard !isDone else { return }
        let actions = race.due(now: .now())
        guard actions.isEmpty else { return perform(actions) }
        guard let wake = race.nextWake, timer.map({ wake < $0.due }) ?? true else { return }
        if let timer { client.http.cancel(timer) }
        timer = client.http.schedule(at: wake) { [self] in
            timer = nil
            watch()
        }
    }

    private func finish(_ result: Result<Void, HermesError>) {
        guard !isDone else { return }
        isDone = true
        if let timer { client.http.cancel(timer) }
        timer = nil
        let running = legs.values
        legs = [:]
        for leg in running { leg.exchange.cancel() }
        completion(result)
    }
}
