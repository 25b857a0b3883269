import HermesKubernetes
import HermesSupport
import Logging

extension IndexController {
    /// Adds the watches of all kinds to a group.
    func watch(in group: inout TaskGroup<Void>) {
        follow(Pod.self, .pods, in: &group) { shared, change in
            shared.state.take(change)
            return shared.starts.take(change)
        }
        follow(HermesPolicy.self, .hermesPolicies, in: &group) { shared, change in
            shared.state.take(change)
            return []
        }
        follow(Namespace.self, .namespaces, in: &group) { shared, change in
            shared.state.take(change)
            return []
        }
        follow(Node.self, .nodes, in: &group) { shared, change in
            shared.state.take(change)
            switch change {
            case .replaced(let nodes):
                let labels = nodes.map { ($0.metadata.name, $0.metadata.labels ?? [:]) }
                shared.nodeLabels = Dictionary(labels, uniquingKeysWith: { _, last in last })
            case .changed(let node): shared.nodeLabels[node.metadata.name] = node.metadata.labels ?? [:]
            case .deleted(let node): shared.nodeLabels[node.metadata.name] = nil
            }
            return []
        }
    }

    private func follow<Object: KubernetesObject>(
        _ type: Object.Type, _ path: ResourcePath, in group: inout TaskGroup<Void>,
        _ take: @escaping @Sendable (inout Shared, WatchChange<Object>) -> [PodStarts.News]
    ) {
        let watch = ResourceWatch(type, path, client: client, logger: log)
        group.addTask { [self] in
            for await change in watch { await note(update { take(&$0, change) }) }
        }
    }
}
