extension ContainerdClient {
    private static func images(_ method: String) -> ContainerdMethod { .init("images.v1.Images", method) }

    /// The names of the images, and the digests of what they stand for.
    package func images() throws -> [(name: String, digest: String)] {
        let answer: Containerd_Services_Images_V1_ListImagesResponse = try call(
            Self.images("List"), Containerd_Services_Images_V1_ListImagesRequest())
        return answer.images.map { ($0.name, $0.target.digest) }
    }

    /// Gives a manifest in the content store a name. Throws `alreadyExists`.
    package func createImage(_ name: String, _ target: Containerd_Types_Descriptor, lease: String) throws {
        let _: Containerd_Services_Images_V1_CreateImageResponse = try call(
            Self.images("Create"),
            Containerd_Services_Images_V1_CreateImageRequest.with {
                $0.image = .with { ($0.name, $0.target) = (name, target) }
            }, lease: lease)
    }

    /// Deletes an image, and waits until all that only it used is gone. Throws `notFound`.
    package func deleteImage(_ name: String) throws {
        try tell(
            Self.images("Delete"),
            Containerd_Services_Images_V1_DeleteImageRequest.with { ($0.name, $0.sync) = (name, true) },
            patience: .seconds(300))
    }
}
