import HermesSupport
import Logging
import Synchronization

/// The log lines of a mount about spans and reads: the same fields in every line, no more than a person can read.
///
/// Fields: `image`, `layer` (its digest), `span`, `host`, `file`, `cause`, and `held_back`, the number of lines of the same kind
/// that were left out before this one. Safe for use from any thread.
final class SpanLog: Sendable {
    /// The last thing that went wrong.
    struct Problem: Sendable {
        let time: Timestamp
        let message: String
        /// nil where no single one is meant, as is `span`.
        let layer: Digest?
        let span: Int?
    }

    /// The kinds of lines, each with a limit of its own.
    private enum Kind: Hashable {
        case retry, wrong, lost, failedRead
    }

    private struct State {
        var outage = RegistryOutage()
        var limits: [Kind: LogLimit] = [:]
        var lastProblem: Problem?
    }

    private let logger: Logger
    private let layers: [Digest]
    private let state = Mutex(State())

    /// `image` is the image's name as the user gave it, `layers` are its layers from the bottom.
    init(_ logger: Logger, image: String, layers: [Digest]) {
        var logger = logger
        logger[metadataKey: "image"] = "\(image)"
        self.logger = logger
        self.layers = layers
    }

    /// The last problem; nil as long as there was none.
    var lastProblem: Problem? { state.withLock { $0.lastProblem } }

    /// A range request is over. `spans` are those that it was for.
    func requestEnded(_ result: Result<Void, HermesError>, layer: Int, spans: Range<Int>) {
        let now = Monotonic.now()
        switch result {
        case .success:
            guard let event = state.withLock({ $0.outage.succeeded(now: now) }),
                case .ended(let milliseconds, let failures) = event
            else { return }
            logger.notice(
                "the registry answers again",
                metadata: ["seconds": "\(milliseconds / 1000)", "failed_requests": "\(failures)"])
        case .failure(let error):
            guard error.code == .unavailable || error.code == .protocolViolation else { return }
            note(error, layer, spans.lowerBound)
            guard state.withLock({ $0.outage.failed(now: now) }) == .began else { return }
            logger.warning(
                "the registry does not answer; reads wait for it", metadata: fields(layer, spans.lowerBound, error))
        }
    }

    /// A span is asked for again. `hosts` sent its bytes, if there were any.
    func retried(_ key: SpanID, _ error: HermesError, from hosts: [String]) {
        note(error, key.layer, key.span)
        guard error.code != .corrupt else {
            let fields = fields(key.layer, key.span, error, hosts)
            return write(.warning, .wrong, "span has wrong bytes and is fetched again", fields)
        }
        // The registry's own failures are told once, as an outage.
        write(.debug, .retry, "span is tried again", fields(key.layer, key.span, error))
    }

    /// A span is given up; `readers` reads fail with it. `hosts` sent its bytes, if there were any.
    func lost(_ key: SpanID, _ error: HermesError, from hosts: [String], readers: Int) {
        note(error, key.layer, key.span)
        let isExplained = error.code == .unavailable && state.withLock { $0.outage.isOn }
        var fields = fields(key.layer, key.span, error, hosts)
        fields["readers"] = "\(readers)"
        write(isExplained ? .debug : .error, .lost, "span cannot be fetched", fields)
    }

    /// A span could not be written to the cache; none is until `cacheHasRoom`.
    func cacheIsFull(_ key: SpanID, _ error: any Error) {
        note(error, key.layer, key.span)
        logger.warning(
            "the cache takes nothing for now: every read is fetched from the registry",
            metadata: fields(key.layer, key.span, error))
    }

    /// The budget of the cache has no room for a span, and nothing can go; none is written until `cacheHasRoom`. `what` is full.
    func budgetIsFull(_ what: String, cause: String) {
        note(HermesError(.cannotCreate, "\(what): \(cause)"), nil, nil)
        logger.warning("\(what): every read is fetched from the registry", metadata: ["cause": "\(cause)"])
    }

    /// A complete layer was not what the image and the index say, or could not be compared with them. The caller logs that.
    func layerFailed(_ layer: Int, _ error: any Error) { note(error, layer, nil) }

    /// Spans are written to the cache again.
    func cacheHasRoom() { logger.notice("the cache has room again") }

    /// A read of a file fails. `file` is only asked for when the line is written.
    func readFailed(layer: Int, span: Int, file: () -> String, offset: Int64, _ error: any Error) {
        note(error, layer, span)
        guard let held = passes(.failedRead) else { return }
        var fields = fields(layer, span, error)
        fields["file"] = "\(file().printable(1000))"
        fields["offset"] = "\(offset)"
        if held > 0 { fields["held_back"] = "\(held)" }
        logger.error("read fails with EIO", metadata: fields)
    }

    private func note(_ error: any Error, _ layer: Int?, _ span: Int?) {
        let problem = Problem(time: .now(), message: "\(error)", layer: layer.map { layers[$0] }, span: span)
        state.withLock { $0.lastProblem = problem }
    }

    private func fields(_ layer: Int, _ span: Int, _ error: any Error, _ hosts: [String] = []) -> Logger.Metadata {
        var fields: Logger.Metadata = ["layer": "\(layers[layer])", "span": "\(span)", "cause": "\(error)"]
        if !hosts.isEmpty { fields["host"] = "\(hosts.joined(separator: ", "))" }
        return fields
    }

    private func passes(_ kind: Kind) -> Int? {
        state.withLock { $0.limits[kind, default: LogLimit()].pass(now: .now()) }
    }

    private func write(_ level: Logger.Level, _ kind: Kind, _ message: Logger.Message, _ metadata: Logger.Metadata) {
        guard logger.logLevel <= level, let held = passes(kind) else { return }
        var metadata = metadata
        if held > 0 { metadata["held_back"] = "\(held)" }
        logger.log(level: level, message, metadata: metadata)
    }
}
