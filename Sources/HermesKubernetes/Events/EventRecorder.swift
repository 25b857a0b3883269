import HermesSupport
import Logging
import Synchronization

/// Writes events about objects. Can be used from any thread; nothing waits for the API server.
///
/// An event that cannot be written is logged and lost: they are a courtesy. The recorder ends with `finish()` or with
/// its last reference.
package final class EventRecorder: Sendable {
    /// Events that wait to be written; the newest beyond that are lost.
    private static let queueLimit = 256

    private let component: String
    private let ledger: Mutex<EventLedger>
    private let queue: AsyncStream<EventLedger.Action>.Continuation
    private let writer: Task<Void, Never>

    /// `component` names the writer in each event. At most `perMinute` writes go to the server in a minute.
    package init(client: KubernetesClient, component: String, perMinute: Int = 120, logger: Logger) {
        self.component = component
        ledger = Mutex(EventLedger(perMinute: perMinute))
        let (stream, queue) = AsyncStream.makeStream(
            of: EventLedger.Action.self, bufferingPolicy: .bufferingOldest(Self.queueLimit))
        self.queue = queue
        writer = Task.detached {
            for await action in stream {
                do {
                    try await Self.write(action, client)
                } catch {
                    logger.warning("an event was not written", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    deinit { queue.finish() }

    /// Writes an event about an object soon. `reason` is a word in CamelCase, `message` a sentence that is the same
    /// each time, as an event that differs is another one.
    package func record(_ severity: Event.Severity, _ object: ObjectReference, reason: String, message: String) {
        let key = EventLedger.Key(object: object, severity: severity, reason: reason, message: message)
        // Under the lock, so that a repetition comes behind the first.
        ledger.withLock { ledger in
            let action = ledger.record(
                key, component: component, now: .now(), time: .now(), suffix: .random(in: 0...UInt64.max))
            if let action { queue.yield(action) }
        }
    }

    /// Takes no more events, and returns when those before are written, or the task is cancelled.
    package func finish() async {
        queue.finish()
        await withTaskCancellationHandler {
            await writer.value
        } onCancel: {
            writer.cancel()
        }
    }

    private struct Repetition: Encodable {
        var count: Int
        var lastTimestamp: String
    }

    private static func write(_ action: EventLedger.Action, _ client: KubernetesClient) async throws {
        var event: Event
        switch action {
        case .create(let first): event = first
        case .repeat(let again):
            event = again
            let path = ResourcePath.events.object(event.metadata.name, in: event.metadata.namespace)
            let patch = Repetition(count: event.count, lastTimestamp: event.lastTimestamp)
            do {
                _ = try await client.mergePatch(patch, path, as: Event.self)
                return
            } catch let error as HermesError where error.kubernetesStatus?.isNotFound == true {
                // The first was not written, or the server forgot it, as it does after an hour.
            }
        }
        var path = ResourcePath.events
        path.namespace = event.metadata.namespace
        _ = try await client.create(event, path)
    }
}
