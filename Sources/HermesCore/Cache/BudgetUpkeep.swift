import HermesSupport

/// When to look whether the cache is within its budget: pure.
struct BudgetUpkeep {
    /// After so many bytes that were added here: other processes may have added as much.
    static let step = 64 << 20
    /// Milliseconds after which a smaller growth counts, and between two looks at a cache that stays full.
    static let growthPause = 30_000
    static let fullPause = 5_000

    private var last: (images: Int, stored: Int, time: Monotonic)?
    /// Whether the cache was full at the last look, and nothing could go.
    private(set) var isFull = false

    /// Whether to look now. `stored` is the number of bytes that the images in use have added, `isRefused` whether a
    /// span did not fit.
    func isDue(images: Int, stored: Int, isRefused: Bool, now: Monotonic) -> Bool {
        guard images > 0 else { return false }
        guard let last else { return true }
        let pause = now.milliseconds(since: last.time)
        let growth = abs(stored - last.stored)
        return images > last.images || growth >= Self.step
            || growth > 0 && pause >= Double(Self.growthPause)
            || isRefused && (!isFull || pause >= Double(Self.fullPause))
    }

    /// The budget is another one, so that the last look does not count.
    mutating func budgetChanged() { last = nil }

    /// Takes note of a look, and whether the cache was full then.
    mutating func looked(images: Int, stored: Int, isFull: Bool, now: Monotonic) {
        self.isFull = isFull
        last = (images, stored, now)
    }
}
