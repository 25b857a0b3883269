import HermesSupport

extension KubernetesClient {
    /// How often a list is begun again whose pages were lost.
    private static let listAttempts = 3

    /// All objects of a kind as they are now, asked for in pages of `pageSize`. The server keeps the moment of the
    /// first page for five minutes; when it answers 410 to a later one, all begins again. Throws as other calls do,
    /// with a status that `isGone` when that happens three times.
    package func list<Object: KubernetesObject>(
        _ type: Object.Type, _ path: ResourcePath, _ selection: KubernetesSelection = KubernetesSelection(),
        pageSize: Int = 500
    ) async throws -> KubernetesList<Object> {
        var attempt = 1
        while true {
            do {
                return try await listOnce(type, path, selection, pageSize: pageSize)
            } catch let error as HermesError where error.kubernetesStatus?.isGone == true {
                guard attempt < Self.listAttempts else { throw error }
                attempt += 1
            }
        }
    }

    private func listOnce<Object: KubernetesObject>(
        _ type: Object.Type, _ path: ResourcePath, _ selection: KubernetesSelection, pageSize: Int
    ) async throws -> KubernetesList<Object> {
        var items: [Object] = []
        var next: String?
        while true {
            var call = Call(path: path, query: selection.query, action: "cannot list")
            call.query.append(("limit", "\(pageSize)"))
            if let next { call.query.append(("continue", next)) }
            let name = "the API server's list of \(path)"
            let page = try KubernetesPage<Object>(try await send(call), name: name)
            items += page.items
            guard let more = page.next else {
                guard !page.resourceVersion.isEmpty else {
                    throw HermesError(.corrupt, "\(name) is not valid: metadata.resourceVersion is missing")
                }
                return KubernetesList(items: items, resourceVersion: page.resourceVersion)
            }
            // A server that repeats itself would never come to an end.
            guard more != next, !page.items.isEmpty else {
                throw HermesError(.protocolViolation, "\(name) does not come to an end")
            }
            next = more
        }
    }
}
