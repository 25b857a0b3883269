import HermesHTTP
import HermesSupport
import Logging

/// The objects of a kind and all their changes, for as long as somebody reads them.
///
/// The first change is `replaced`, and a later `replaced` stands for changes that were missed. Failures are logged and
/// overcome (`WatchMachine`); it ends when the reader's task is cancelled. The server waits for a slow reader, for whom
/// a few hundred KiB are read ahead. Each iterator is a watch of its own.
package struct ResourceWatch<Object: KubernetesObject>: AsyncSequence, Sendable {
    package typealias Element = WatchChange<Object>

    private let client: KubernetesClient
    private let path: ResourcePath
    private let selection: KubernetesSelection
    private let pageSize: Int
    private let logger: Logger

    package init(
        _ type: Object.Type, _ path: ResourcePath, _ selection: KubernetesSelection = KubernetesSelection(),
        client: KubernetesClient, pageSize: Int = 500, logger: Logger
    ) {
        self.client = client
        self.path = path
        self.selection = selection
        self.pageSize = pageSize
        self.logger = logger
    }

    package func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let watch: ResourceWatch
        private(set) var machine = WatchMachine()
        private var lines: HTTPLineStream.Iterator?

        fileprivate init(watch: ResourceWatch) { self.watch = watch }

        /// The next change; nil when the task was cancelled.
        package mutating func next() async -> WatchChange<Object>? {
            while !Task.isCancelled {
                do {
                    if let change = try await step() { return change }
                } catch {
                    failed(HermesError.from(error))
                }
            }
            lines = nil
            return nil
        }

        /// Does what the machine says next; nil when that brought no change.
        private mutating func step() async throws -> WatchChange<Object>? {
            switch machine.next(now: .now(), random: .random(in: 0...1)) {
            case .wait(let milliseconds):
                try? await Task.sleep(for: .milliseconds(milliseconds))
            case .list:
                let list = try await watch.client.list(
                    Object.self, watch.path, watch.selection, pageSize: watch.pageSize)
                machine.listed(version: list.resourceVersion)
                return .replaced(list.items)
            case .open(let version, let seconds):
                let stream = try await watch.client.watch(watch.path, watch.selection, from: version, seconds: seconds)
                lines = stream.makeAsyncIterator()
                machine.opened(now: .now())
            case .read:
                guard let line = try await lines?.next() else {
                    lines = nil
                    machine.ended(now: .now(), random: .random(in: 0...1))
                    return nil
                }
                return try change(line)
            }
            return nil
        }

        private mutating func change(_ bytes: [UInt8]) throws -> WatchChange<Object>? {
            guard !bytes.isEmpty else { return nil }
            let line = try JSON.decode(WatchLine<Object>.self, from: bytes, name: "an event of \(watch.path)")
            if case .failed(let status) = line {
                throw HermesError.refused("cannot go on watching \(watch.path)", status)
            }
            let failures = machine.backoff.failures
            machine.received(version: line.version)
            if failures > 0 {
                watch.logger.info("a watch goes on after failures", metadata: watch.fields(["failures": "\(failures)"]))
            }
            switch line {
            case .changed(let object): return .changed(object)
            case .deleted(let object): return .deleted(object)
            case .bookmark, .failed: return nil
            }
        }

        private mutating func failed(_ error: HermesError) {
            lines = nil
            guard !Task.isCancelled else { return }
            let failure: WatchMachine.Failure =
                if let status = error.kubernetesStatus {
                    status.isGone ? .gone : .refused(code: status.code, retryAfter: status.retryAfter)
                } else {
                    error.code == .corrupt || error.code == .protocolViolation ? .invalid : .broken
                }
            let before = machine.backoff.failures
            machine.failed(failure, now: .now(), random: .random(in: 0...1))
            // An outage is said once; that a version ran out, or that a watch was cut, is ordinary.
            guard before == 0, machine.backoff.failures > 0, failure != .gone else { return }
            watch.logger.warning("a watch failed and is tried again", metadata: watch.fields(["error": "\(error)"]))
        }
    }

    private func fields(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["resource": "\(path)"]) { first, _ in first }
    }
}
