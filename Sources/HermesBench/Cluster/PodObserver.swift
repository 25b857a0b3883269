import HermesKubernetes
import HermesSupport
import Logging

/// What the API server tells of one Pod and of the events about it, with the moments at which it arrived here.
struct PodObserver: Sendable {
    enum News: Sendable {
        /// One of the two watches knows how all is now: what comes is not missed.
        case open
        /// The Pod changed; nil when there is none.
        case pod(Pod?, Monotonic)
        case event(ReportedEvent, Monotonic)
        /// Nothing happened for a moment.
        case tick
    }

    /// How many watches there are.
    static let watches = 2
    /// Milliseconds between two ticks.
    private static let pause = 100

    /// Without an end, until the reader's task is cancelled.
    let news: AsyncStream<News>
    private let tasks: [Task<Void, Never>]

    /// Begins to watch a Pod, which need not be there yet. `end` is to be called once.
    init(_ name: String, _ pods: BenchPods, logger: Logger) {
        let (news, queue) = AsyncStream.makeStream(of: News.self)
        self.news = news
        var events = ResourcePath.events
        events.namespace = pods.namespace
        let podWatch = ResourceWatch(
            Pod.self, pods.path, KubernetesSelection(fields: "metadata.name=\(name)"), client: pods.client,
            logger: logger)
        let eventWatch = ResourceWatch(
            ReportedEvent.self, events,
            KubernetesSelection(fields: "involvedObject.kind=Pod,involvedObject.name=\(name)"), client: pods.client,
            logger: logger)
        tasks = [
            Task {
                await Self.follow(podWatch, queue) { queue.yield(.pod($0, $1)) }
            },
            Task {
                await Self.follow(eventWatch, queue) { event, now in
                    if let event { queue.yield(.event(event, now)) }
                }
            },
            Task {
                while (try? await Task.sleep(for: .milliseconds(Self.pause))) != nil { queue.yield(.tick) }
            },
        ]
    }

    /// Ends the watches.
    func end() { for task in tasks { task.cancel() } }

    private static func follow<Object: KubernetesObject>(
        _ watch: ResourceWatch<Object>, _ queue: AsyncStream<News>.Continuation,
        _ tell: (Object?, Monotonic) -> Void
    ) async {
        var isOpen = false
        for await change in watch {
            let now = Monotonic.now()
            switch change {
            case .replaced(let objects):
                for object in objects { tell(object, now) }
                if isOpen, objects.isEmpty { tell(nil, now) }
                if !isOpen { queue.yield(.open) }
                isOpen = true
            case .changed(let object): tell(object, now)
            case .deleted: tell(nil, now)
            }
        }
    }
}
