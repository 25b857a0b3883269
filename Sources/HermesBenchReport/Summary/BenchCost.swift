/// What a start cost beside time.
package enum BenchCost: String, CaseIterable, Sendable {
    case networkBytes, requests, spans, cacheHits, imageShare, processorSeconds, memoryBytes

    /// The figure, in the unit of the report's field; nil where it is not known.
    package func value(of transfer: BenchReport.Transfer) -> Double? {
        switch self {
        case .networkBytes: transfer.networkBytes.map { Double($0) }
        case .requests: transfer.requests.map { Double($0) }
        case .spans: transfer.spans.map { Double($0) }
        case .cacheHits: transfer.cacheHits.map { Double($0) }
        case .imageShare: transfer.imageShare
        case .processorSeconds: transfer.processorSeconds
        case .memoryBytes: transfer.memoryBytes.map { Double($0) }
        }
    }
}
