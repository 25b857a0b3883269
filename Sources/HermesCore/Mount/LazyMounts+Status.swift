import HermesSupport

extension LazyMounts {
    /// The metrics of all images together, those that were removed included, and those of the process's registry clients:
    /// the families of a mount of one image, and as many values.
    package func metrics() -> [MetricFamily] { totals.metrics() + RegistryMetrics.shared.families() }

    /// How the image in the folder `name` is doing; nil where there is none.
    package func status(_ name: String) -> ImageStatus? { slots.find(name)?.status() }
}
