import HermesSupport

extension LazyMounts {
    /// The metrics of all images together, those that were removed included, and those of the process's registry clients:
    /// the families of a mount of one image, and as many values.
    package func metrics() -> [MetricFamily] { totals.metrics() + RegistryMetrics.shared.families() }

    /// The images of an earlier process that could not be opened again, and that the kernel still knows, in the order of their
    /// names.
    package func lost() -> [LostImage] {
        slots.lost.map { LostImage(image: $0.slot.reference, manifest: $0.slot.manifest, cause: $0.cause) }
            .sorted { ($0.image, "\($0.manifest)") < ($1.image, "\($1.manifest)") }
    }

    /// How the image in the folder `name` is doing; nil where there is none.
    package func status(_ name: String) -> ImageStatus? { slots.find(name)?.status() }
}
