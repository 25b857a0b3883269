import HermesBenchReport
import HermesKubernetes
import HermesSupport

extension BenchReport.Machine {
    /// What a node says of its machine; nothing is known without one.
    init(_ node: Node?) {
        let info = node?.status?.nodeInfo
        let capacity = node?.status?.capacity ?? [:]
        self.init(
            kernel: info?.kernelVersion?.printable(100) ?? "unknown",
            processors: capacity["cpu"].flatMap { Int($0) }.map { max(0, $0) } ?? 0,
            memoryBytes: capacity["memory"].flatMap(Self.bytes) ?? 0,
            runtime: ["Kubernetes", info?.kubeletVersion, info?.containerRuntimeVersion].compactMap { $0 }
                .joined(separator: " ").printable(100))
    }

    /// The bytes of a quantity as kubelets write memory, such as "16374396Ki"; nil for any other.
    private static func bytes(_ quantity: String) -> Int64? {
        quantity.hasSuffix("i") ? ByteSize.parse("\(quantity)B") : ByteSize.parse(quantity)
    }
}
