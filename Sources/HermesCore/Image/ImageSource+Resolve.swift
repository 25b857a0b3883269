import HermesSupport

extension ImageDocuments {
    /// Finds the image for a platform: the manifest that containerd would choose, its configuration and its layers.
    /// `root` is what the name stands for, where the caller has asked already. Throws `notFound` with the platforms that there are.
    package func resolve(platform: Platform, root: Descriptor? = nil) async throws -> Image {
        let candidates = try await ManifestWalk(source: self, root: root).candidates()
        var offered: [String] = []
        func offers(_ other: Platform) {
            let text = other.normalized.description.printable(60)
            if !offered.contains(text) { offered.append(text) }
        }

        var best: (rank: Int, candidate: ManifestWalk.Candidate)?
        for candidate in candidates {
            guard let known = candidate.descriptor.platform else { continue }
            offers(known)
            if let rank = platform.rank(of: known), rank < best?.rank ?? Int.max { best = (rank, candidate) }
        }
        if let best { return try await image(best.candidate) }

        // The configuration gives the platform that the index leaves out.
        var found: (rank: Int, image: Image)?
        for candidate in candidates where candidate.descriptor.platform == nil {
            let image = try await image(candidate)
            offers(image.config.platform)
            if let rank = platform.rank(of: image.config.platform), rank < found?.rank ?? Int.max {
                found = (rank, image)
            }
        }
        if let found { return found.image }
        throw HermesError(
            .notFound, "\(name) has no image for \(platform)",
            advice: offered.isEmpty
                ? "it holds no image at all" : "it has \(offered.prefix(40).joined(separator: ", "))")
    }

    private func image(_ candidate: ManifestWalk.Candidate) async throws -> Image {
        let manifest: ImageManifest
        if let known = candidate.manifest {
            manifest = known
        } else {
            let bytes = try await readManifest(candidate.descriptor)
            let what = "manifest \(candidate.descriptor.digest) of \(name)"
            guard case .manifest(let parsed) = try ManifestDocument.parse(bytes, name: what) else {
                throw HermesError(.corrupt, "\(what) is an index, but the index above says it is a manifest")
            }
            manifest = parsed
        }
        guard MediaType.isImageConfig(manifest.config.mediaType) else {
            throw HermesError(
                .unsupported,
                "\(name) is not an image, but an artifact of type \(manifest.effectiveArtifactType.printable(100))")
        }
        let bytes = try await readBlob(manifest.config, limit: ImageConfig.sizeLimit)
        let config = try ImageConfig.parse(bytes, name: "the configuration of \(name)")
        var descriptor = candidate.descriptor
        descriptor.platform = descriptor.platform ?? config.platform
        return try Image(reference: name, descriptor: descriptor, manifest: manifest, config: config)
    }
}
