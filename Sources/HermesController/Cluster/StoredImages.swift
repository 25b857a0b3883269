import HermesCore
import HermesSupport

/// What a store has from before, for a controller that starts.
enum StoredImages {
    /// The images whose index is ready, by the references under which they were found. Blocks; throws the store's error.
    static func read(_ store: ArtifactStore) throws -> [ControllerState.Stored: HermesPolicy.Image] {
        var images: [ControllerState.Stored: HermesPolicy.Image] = [:]
        var cursor: Int64?
        while true {
            let page = try store.artifacts(before: cursor, limit: ArtifactStore.pageLimit)
            for artifact in page where artifact.index != nil {
                let key = ControllerState.Stored(reference: artifact.source, platform: artifact.key.platform)
                // The newest come first.
                guard images[key] == nil else { continue }
                images[key] = HermesPolicy.Image(
                    imageDigestRef: artifact.key.image, platform: artifact.key.platform, phase: .ready,
                    lastBuildTime: Timestamp(seconds: artifact.updated).rfc3339)
            }
            guard let last = page.last, page.count == ArtifactStore.pageLimit else { return images }
            cursor = last.id
        }
    }
}
