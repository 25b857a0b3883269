import HermesCore
import HermesHTTP
import HermesSupport

/// Finds an image and builds its index into the store, reading each layer once from the registry.
struct ImageBuild: Sendable {
    let store: ArtifactStore
    let turns: LayerTurns
    let http: HTTPClient
    let hosts: HostsFolder?
    /// Uncompressed bytes between two checkpoints.
    let spanSize: Int64
    /// Layers of one image that are read at a time, at least 1.
    let jobs: Int

    /// The index of what `reference` names for a platform: the one in the store, or a new one. `proven` is what the image was read with
    /// before; a tag that still means what it did costs one request. Blocks for as long as this takes. The store also learns of an
    /// image that was found and whose index was not built.
    ///
    /// `check` throws when the build has to end; its error is passed on. Throws `denied` when the registry does not take the
    /// credentials, `notFound` when there is no such image or none for the platform, `unsupported` when no layer can be
    /// indexed, and the errors of registry and store.
    func run(
        _ reference: Reference, _ platform: Platform, with proven: inout ProvenSource,
        check: @escaping @Sendable () throws -> Void
    ) throws -> (artifact: Artifact, isNew: Bool) {
        if let digest = reference.digest, let known = try ready(digest, proven) { return (known, false) }
        let source = RegistrySource(client: proven.client, reference: reference)
        let root = try waiting { try await source.root() }
        if let known = try ready(root.digest, proven) { return (known, false) }
        let image = try waiting { try await source.resolve(platform: platform, root: root) }
        try check()
        let name = "\(reference.registry)/\(reference.repository)@\(image.descriptor.digest)"
        let key = try Artifact.Key(Reference(name), platform)
        defer { proven.learn(root.digest, key) }
        if let known = try store.find(key), known.index != nil { return (known, false) }
        let storage = ArtifactStorage(store: store, turns: turns, key: key, source: "\(reference)")
        do {
            _ = try IndexBuilder(image: image, source: source, storage: storage, spanSize: spanSize)
                .build(jobs: jobs, observer: .init(advanced: { _, _ in try check() }, finished: { _, _ in }))
        } catch let error as HermesError where error.code != .interrupted {
            try? store.fail(key, source: "\(reference)", error: "\(error)")
            throw error
        }
        guard let built = try store.find(key) else {
            throw HermesError(.notFound, "the index of \(name) was removed as soon as it was built")
        }
        return (built, true)
    }

    /// The same by each of `credentials` until the registry lets one read the image, and with what it was read; without any the
    /// registry is asked without.
    func run(
        _ reference: Reference, _ platform: Platform, credentials: [PullCredentials],
        check: @escaping @Sendable () throws -> Void
    ) throws -> (artifact: Artifact, isNew: Bool, proven: ProvenSource) {
        let begun = Monotonic.now()
        var refusal: HermesError?
        for candidate in credentials.isEmpty ? [nil] : credentials.map(Optional.some) {
            // A client of its own, so that the tokens of one namespace are never used for another.
            let client = try RegistryClient(
                for: reference, http: http,
                credentials: { $0.registry == reference.registry ? candidate?.credentials : nil }, hosts: hosts)
            var proven = ProvenSource(client: client, scope: candidate?.scope, since: begun)
            do {
                let (artifact, isNew) = try run(reference, platform, with: &proven, check: check)
                return (artifact, isNew, proven)
            } catch let error as HermesError where error.code == .denied {
                refusal = refusal ?? error
            }
        }
        throw refusal ?? HermesError(.denied, "the registry refuses \(reference)")
    }

    /// The artifact for which a digest is known to stand, while the store has it.
    private func ready(_ digest: Digest, _ proven: ProvenSource) throws -> Artifact? {
        guard let key = proven.artifacts[digest], let known = try store.find(key), known.index != nil else {
            return nil
        }
        return known
    }
}

extension HermesError {
    /// Whether time alone does not mend the failure of a build. Time can mend a refusal: the secrets of Pods are not watched, so that
    /// a new password shows in the next try.
    var isLasting: Bool {
        switch code {
        case .notFound, .unsupported, .corrupt, .usage: true
        default: false
        }
    }
}
