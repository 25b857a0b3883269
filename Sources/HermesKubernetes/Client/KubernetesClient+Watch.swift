import HermesHTTP
import HermesSupport

extension KubernetesClient {
    /// Opens a watch from a version on; the server ends it after about `seconds`. Each line is a `WatchLine`. Throws as
    /// other calls do, with a status that `isGone` when the version is not kept any more.
    func watch(
        _ path: ResourcePath, _ selection: KubernetesSelection, from version: String, seconds: Int
    ) async throws -> HTTPLineStream {
        var call = Call(path: path, query: selection.query, action: "cannot watch")
        call.query += [
            ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
            ("timeoutSeconds", "\(seconds)"),
        ]
        return try await lines(call, seconds: seconds)
    }
}
