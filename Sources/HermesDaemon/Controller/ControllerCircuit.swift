import HermesSupport

/// Whether a controller is asked, or left alone because it failed: a circuit breaker. A value without clock or I/O.
///
/// After a failure the controller is left alone for 5 seconds. Then one call at a time, the probe, is let through. Its
/// success closes the circuit, and its failure doubles the time, up to 60 seconds. A call that was let through before a
/// failure of another has no say any more.
struct ControllerCircuit {
    /// The right to ask once, which is given back by `succeeded`, `failed` or `abandoned`.
    struct Pass: Equatable {
        fileprivate let generation: Int
        fileprivate let isProbe: Bool
    }

    /// Milliseconds that the controller is left alone after the first failure, and at most.
    static let firstPause = 5000
    static let longestPause = 60_000

    /// How long the controller is left alone; nil as long as it answers.
    private var pause: Int?
    /// When the next probe may go.
    private var reopens: Monotonic?
    /// Whether a probe is on its way.
    private var isProbing = false
    /// Counts the failures, each of which makes the passes before it void.
    private var generation = 0
    private let firstPause: Int

    /// `firstPause` is the pause after the first failure, in milliseconds.
    init(firstPause: Int = Self.firstPause) { self.firstPause = firstPause }

    /// Lets a call through, or gives nil because the controller is left alone.
    mutating func enter(now: Monotonic) -> Pass? {
        guard let reopens else { return Pass(generation: generation, isProbe: false) }
        guard !isProbing, now >= reopens else { return nil }
        isProbing = true
        return Pass(generation: generation, isProbe: true)
    }

    /// The call got an answer.
    mutating func succeeded(_ pass: Pass) {
        guard pass.generation == generation, pass.isProbe else { return }
        isProbing = false
        pause = nil
        reopens = nil
    }

    /// The call got no answer, or nonsense.
    mutating func failed(_ pass: Pass, now: Monotonic) {
        guard pass.generation == generation else { return }
        generation += 1
        isProbing = false
        let pause = pause.map { min($0 * 2, Self.longestPause) } ?? firstPause
        self.pause = pause
        reopens = now.adding(milliseconds: pause)
    }

    /// The call ended before the controller had said anything: the caller gave up, or a local file failed.
    mutating func abandoned(_ pass: Pass) {
        guard pass.generation == generation, pass.isProbe else { return }
        isProbing = false
    }
}
