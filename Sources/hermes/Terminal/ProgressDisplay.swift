import HermesCore
import HermesSupport
import Synchronization

/// Shows how far a few parallel pieces of work are: a bar for each on a terminal, a plain line at the end of each
/// elsewhere. Both go to standard error.
///
/// Safe for use from any thread.
final class ProgressDisplay: Sendable {
    private struct Bar {
        let label: String
        let total: Int64
        var done: Int64 = 0
        var started: Monotonic?
        var end: String?
    }

    private struct State {
        var bars: [Bar]
        /// Lines on the terminal that the next picture replaces.
        var lines = 0
        var drawn: Monotonic?
    }

    private let state: Mutex<State>
    private let isTerminal: Bool

    /// One bar for each label, with the total number of bytes of its work.
    init(_ bars: [(label: String, total: Int64)], isTerminal: Bool = CommandLog.showsProgress) {
        state = Mutex(State(bars: bars.map { Bar(label: $0.label, total: $0.total) }))
        self.isTerminal = isTerminal
    }

    /// The work of a bar has come further.
    func advance(_ index: Int, by bytes: Int) {
        state.withLock { state in
            let now = Monotonic.now()
            state.bars[index].started = state.bars[index].started ?? now
            state.bars[index].done += Int64(bytes)
            guard isTerminal, state.drawn.map({ now.milliseconds(since: $0) >= 100 }) ?? true else { return }
            draw(&state, now)
        }
    }

    /// Ends a bar, whose work is over; `text` is the result.
    func finish(_ index: Int, _ text: String) {
        state.withLock { state in
            state.bars[index].end = text
            if isTerminal {
                draw(&state, .now())
            } else {
                CommandLog.say("\(state.bars[index].label): \(text)")
            }
        }
    }

    /// Takes the bars that are not finished off the terminal, so that an error line stands alone.
    func stop() {
        state.withLock { state in
            guard isTerminal else { return }
            let ends = state.bars.compactMap { bar in bar.end.map { "\(bar.label)  \($0)\n" } }
            StandardError.write(erased(state) + ends.joined())
            state.lines = 0
            state.bars = []
        }
    }

    /// What takes the last picture off: up by its lines, then clear to the end of the screen (ECMA-48 CPL and ED).
    private func erased(_ state: State) -> String { state.lines > 0 ? "\u{1b}[\(state.lines)F\u{1b}[J" : "" }

    private func draw(_ state: inout State, _ now: Monotonic) {
        let width = state.bars.map(\.label.count).max() ?? 0
        var picture = ""
        var lines = 0
        for bar in state.bars where bar.started != nil || bar.end != nil {
            let label = bar.label + String(repeating: " ", count: width - bar.label.count)
            picture += "\(label)  \(bar.end ?? running(bar, now))\n"
            lines += 1
        }
        StandardError.write(erased(state) + picture)
        state.lines = lines
        state.drawn = now
    }

    private func running(_ bar: Bar, _ now: Monotonic) -> String {
        let share = bar.total > 0 ? min(1, Double(bar.done) / Double(bar.total)) : 1
        let filled = Int(share * 24)
        let picture = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
        let seconds = max(0.001, now.milliseconds(since: bar.started ?? now) / 1000)
        let speed = Double(bar.done) / seconds
        let left = speed > 0 ? Quantity.duration(milliseconds: Double(bar.total - bar.done) / speed * 1000) : "-"
        return "[\(picture)] \(Int(share * 100)) %  \(Quantity.bytes(bar.done)) of \(Quantity.bytes(bar.total))"
            + "  \(Quantity.bytes(Int64(speed)))/s  \(left) left"
    }
}
