import DequeModule
import Dispatch
import HermesCore
import HermesSupport

/// Shows on a terminal, a few times a second, how much of a mounted image is here. Elsewhere it does nothing.
final class MountProgress: Sendable {
    private let thread: SystemThread?
    private let ended = DispatchSemaphore(value: 0)

    /// Starts to show the state of `image`; with `fill`, also how long it will take until all is here.
    init(_ image: LazyImage, fill: Bool) throws {
        guard CommandLog.showsProgress else {
            thread = nil
            return
        }
        let ended = ended
        thread = try SystemThread("hermes-progress") {
            var line = ProgressLine(whole: image.whole.compressedBytes, fill: fill)
            repeat {
                StandardError.show(
                    status: line.text(
                        .init(
                            time: .now(), present: image.present.compressedBytes,
                            fetched: image.scheduler.counters.fetchedByteCount,
                            parked: image.scheduler.parkedCount)))
            } while ended.wait(timeout: .now() + .milliseconds(250)) == .timedOut
            StandardError.show(status: "")
        }
    }

    /// Takes the line away. To be called once.
    func stop() {
        ended.signal()
        thread?.join()
    }
}

/// The words of a mount's progress, from one look at it to the next.
struct ProgressLine {
    /// One look at the mount. Bytes are compressed ones.
    struct Look {
        let time: Monotonic
        let present: Int64
        let fetched: Int64
        let parked: Int
    }

    /// The speed is that of the last seconds, in milliseconds.
    private static let window = 3000.0

    private let whole: Int64
    private let fill: Bool
    private var looks: Deque<Look> = []

    /// `whole` is the image's size in compressed bytes; `fill` shows a bar and the time that is left.
    init(whole: Int64, fill: Bool) {
        self.whole = whole
        self.fill = fill
    }

    /// The line after another look.
    mutating func text(_ look: Look) -> String {
        looks.append(look)
        while looks.count > 1, look.time.milliseconds(since: looks[1].time) >= Self.window {
            looks.removeFirst()
        }
        let speed = speed(look)
        let share = whole > 0 ? min(1, Double(look.present) / Double(whole)) : 1
        var parts = [
            "\(Int(share * 100)) % of \(Quantity.bytes(whole)) here", "\(Quantity.bytes(look.fetched)) fetched",
        ]
        if speed > 0 { parts.append("\(Quantity.bytes(Int64(speed)))/s") }
        if fill, speed > 0, look.present < whole {
            parts.append("\(Quantity.duration(milliseconds: Double(whole - look.present) / speed * 1000)) left")
        }
        if look.parked > 0 { parts.append("\(look.parked) read\(look.parked == 1 ? "" : "s") waiting") }
        let text = parts.joined(separator: ", ")
        guard fill else { return text }
        let filled = Int(share * 24)
        return "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: 24 - filled))] \(text)"
    }

    /// Bytes per second since the first look of the window.
    private func speed(_ look: Look) -> Double {
        guard let first = looks.first, first.fetched < look.fetched else { return 0 }
        return Double(look.fetched - first.fetched) / max(0.001, look.time.milliseconds(since: first.time) / 1000)
    }
}
