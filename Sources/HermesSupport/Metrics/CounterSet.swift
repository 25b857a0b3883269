import Synchronization

/// A label that tells the counters of one metric apart, as in the Prometheus data model, with a fixed set of values.
package protocol MetricLabel: CaseIterable, Equatable, Sendable {
    /// The label's name, such as "source".
    static var labelName: String { get }
    /// The label's value, such as "cache".
    var labelValue: String { get }
}

extension MetricLabel where Self: RawRepresentable, RawValue == String {
    package var labelValue: String { rawValue }
}

/// One counter for each value of a label.
///
/// Safe for use from any thread; counting takes no lock.
package final class CounterSet<Label: MetricLabel>: @unchecked Sendable {
    private let labels = Array(Label.allCases)
    private let counts: UnsafeMutablePointer<Atomic<Int>>

    package init() {
        counts = .allocate(capacity: labels.count)
        for index in labels.indices { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit { counts.deallocate() }

    /// Counts `amount` more for a label.
    package func add(_ amount: Int = 1, for label: Label) {
        guard let index = labels.firstIndex(of: label) else { return }
        counts[index].wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count of one label.
    package subscript(label: Label) -> Int {
        labels.firstIndex(of: label).map { counts[$0].load(ordering: .relaxed) } ?? 0
    }

    /// The sum over all labels.
    package var total: Int { labels.indices.reduce(0) { $0 + counts[$1].load(ordering: .relaxed) } }

    /// The metric of these counters.
    package func family(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(
            name: name, help: help, kind: .counter,
            samples: labels.map { .init(labels: [(Label.labelName, $0.labelValue)], value: Double(self[$0])) })
    }
}
