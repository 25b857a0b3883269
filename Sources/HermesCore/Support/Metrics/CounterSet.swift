import Synchronization

/// What the counters of one metric are told apart by: a label of the Prometheus data model with a fixed set of values.
protocol MetricLabel: CaseIterable, Equatable, Sendable {
    /// The label's name, such as "source".
    static var labelName: String { get }
    /// The label's value, such as "cache".
    var labelValue: String { get }
}

extension MetricLabel where Self: RawRepresentable, RawValue == String {
    var labelValue: String { rawValue }
}

/// One counter for each value of a label.
///
/// Safe for use from any thread; counting takes no lock.
final class CounterSet<Label: MetricLabel>: @unchecked Sendable {
    private let labels = Array(Label.allCases)
    private let counts: UnsafeMutablePointer<Atomic<Int>>

    init() {
        counts = .allocate(capacity: labels.count)
        for index in labels.indices { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit { counts.deallocate() }

    /// Counts `amount` more for a label.
    func add(_ amount: Int = 1, for label: Label) {
        guard let index = labels.firstIndex(of: label) else { return }
        counts[index].wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count of one label.
    subscript(label: Label) -> Int {
        labels.firstIndex(of: label).map { counts[$0].load(ordering: .relaxed) } ?? 0
    }

    /// The sum over all labels.
    var total: Int { labels.indices.reduce(0) { $0 + counts[$1].load(ordering: .relaxed) } }

    /// The metric of these counters.
    func family(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(
            name: name, help: help, kind: .counter,
            samples: labels.map { .init(labels: [(Label.labelName, $0.labelValue)], value: Double(self[$0])) })
    }
}
