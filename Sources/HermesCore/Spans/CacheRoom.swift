import HermesSupport

/// Whether there is room for spans in the cache: a pure state machine, without clock, lock or I/O.
///
/// Two things can be short: space on the disk, which a write finds out, and the bytes that the cache's budget allows. In
/// either case spans are fetched, checked and delivered, but not kept, until there is room for more than one of them:
/// a cache that is full to the brim is not tried for each span.
struct CacheRoom {
    /// Milliseconds after a failed write, or a failed look for space, before the next look.
    static let pause = 5_000
    /// The bytes that must be free on the disk for writes to begin again.
    static let breath: Int64 = 16 << 20

    /// When to look for space on the disk again; nil while there is some.
    private(set) var nextLook: Monotonic?
    /// The bytes that the budget still allows.
    private var allowance = Int64.max
    /// The bytes of the span that the budget did not allow; nil while it allowed all.
    private(set) var refused: Int64?

    /// Whether spans are kept.
    var isOpen: Bool { nextLook == nil && refused == nil }

    /// Whether a span may be written; takes its bytes from the budget.
    mutating func admits(_ bytes: Int64) -> Bool {
        guard isOpen else { return false }
        guard bytes <= allowance else {
            refused = bytes
            return false
        }
        allowance -= bytes
        return true
    }

    /// A write failed. Returns whether that is news.
    mutating func writeFailed(now: Monotonic) -> Bool {
        defer { nextLook = now.adding(milliseconds: Self.pause) }
        return nextLook == nil
    }

    /// Whether it is time to look whether the disk has space again.
    func isLookDue(now: Monotonic) -> Bool { nextLook.map { $0 <= now } ?? false }

    /// The outcome of that look.
    mutating func looked(hasSpace: Bool, now: Monotonic) {
        nextLook = hasSpace ? nil : now.adding(milliseconds: Self.pause)
    }

    /// Sets the bytes that the budget allows from now on. Fewer bytes than the last refused size change nothing.
    mutating func allow(_ bytes: Int64) {
        allowance = bytes
        if let refused, bytes >= refused { self.refused = nil }
    }
}
