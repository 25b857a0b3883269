extension RegistrySource {
    /// Pushes the index that `layout` lists under `descriptor` to the image's repository, as a referrer of the image's
    /// manifest: through the registry's referrers API, or under the fallback tag where it has none.
    package func push(_ descriptor: Descriptor, of image: Image, from layout: ImageLayout) async throws {
        let bytes = try layout.readBlob(descriptor, limit: SOCIIndex.sizeLimit)
        let index = try SOCIIndex(decoding: bytes)
        let repository = reference.repository
        for blob in [index.config] + index.layers {
            try await client.pushBlob(
                repository: repository, digest: blob.digest, size: blob.size,
                from: .file(path: layout.blobPath(blob.digest)))
        }
        try await client.pushReferrer(
            repository: repository, bytes, mediaType: SOCIIndex.mediaType, subject: image.descriptor.digest,
            artifactType: SOCIIndex.artifactType, annotations: index.annotations)
    }
}
