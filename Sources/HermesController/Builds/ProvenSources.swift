import HermesSupport

/// The sources that worked, by target. A pure value, in memory only.
///
/// The credentials of Pods are used only while Pods that have them want the image, and for a day at most.
struct ProvenSources: Sendable {
    /// Sources at a time. Targets beyond it have their credentials read from the cluster for each look.
    static let limit = 2000
    /// Milliseconds for which credentials are used before they are read again.
    static let age = 24 * 3_600_000

    private var sources: [BuildTarget: ProvenSource] = [:]

    var count: Int { sources.count }

    /// The source with which the image of a wish may be read; nil when the secrets of its Pods have to be.
    func source(for wish: WantedImage, now: Monotonic) -> ProvenSource? {
        guard let source = sources[wish.target], now < source.since.adding(milliseconds: Self.age),
            source.scope.map(wish.scopes.contains) ?? true
        else { return nil }
        return source
    }

    /// Keeps what a target was read with. A reference with a digest is not looked at again.
    mutating func keep(_ source: ProvenSource, for wish: WantedImage) {
        guard !wish.isPinned, sources[wish.target] != nil || sources.count < Self.limit else { return }
        sources[wish.target] = source
    }

    mutating func forget(_ target: BuildTarget) { sources[target] = nil }

    /// Forgets the targets for which `isWanted` is false.
    mutating func retain(_ isWanted: (BuildTarget) -> Bool) {
        sources = sources.filter { isWanted($0.key) }
    }
}
