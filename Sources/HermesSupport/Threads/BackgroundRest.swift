/// When a thread that nobody waits for rests: pure.
///
/// It looks before each piece of work, and every few milliseconds while it rests. It rests while others wanted all processors at most of
/// the last looks, so that a program that starts, or has much to do for a moment, has the processors for itself. On a machine that is never at
/// rest it goes on after half a minute, with a share of its time: it rests ten times as long as the last piece took.
struct BackgroundRest {
    /// Milliseconds in which nothing is begun.
    static let patience = 30_000.0
    /// Of the last piece's time.
    static let factor = 10.0
    /// Milliseconds.
    static let longest = 1000.0
    /// How many looks count, more or less. One alone says little, as other threads come and go in between.
    static let looks = 8.0

    /// The share of the last looks at which others wanted all processors, from 0 to 1; the later ones count more.
    private var wanted = 0.0
    private var begun: Monotonic?
    /// Milliseconds that the last piece took.
    private var last = 0.0
    /// Since when others want all processors.
    private var busy: Monotonic?
    /// Since when it rests.
    private var resting: Monotonic?

    /// A piece of work begins.
    mutating func begin(at now: Monotonic) {
        begun = now
        resting = nil
    }

    /// The piece ends, if there is one.
    mutating func end(at now: Monotonic) {
        if let begun { last = now.milliseconds(since: begun) }
        begun = nil
    }

    /// Whether the next piece may begin. `isWanted` says whether others want all processors now.
    mutating func mayGoOn(at now: Monotonic, isWanted: Bool) -> Bool {
        wanted += ((isWanted ? 1 : 0) - wanted) / Self.looks
        guard wanted > 0.5 else {
            busy = nil
            resting = nil
            return true
        }
        let (busy, resting) = (self.busy ?? now, self.resting ?? now)
        self.busy = busy
        self.resting = resting
        return now.milliseconds(since: busy) >= Self.patience
            && now.milliseconds(since: resting) >= min(last * Self.factor, Self.longest)
    }
}
