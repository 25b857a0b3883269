import HermesCore
import HermesSupport
import Logging

/// The messages of a mount about itself, in the log or on the terminal. Can be used from any thread.
struct MountReport: Sendable {
    private let image: LazyImage
    private var name: String { image.image.reference }
    private var size: Int64 { image.image.layers.reduce(0) { $0 + $1.descriptor.size } }

    init(_ image: LazyImage) { self.image = image }

    /// `again` says that the mount was there, from a process that was killed.
    func mounted(on directory: String, since start: Monotonic, again: Bool) {
        let time = Quantity.duration(milliseconds: Monotonic.now().milliseconds(since: start))
        say(again ? "took over \(name) on \(directory) in \(time)" : "mounted \(name) on \(directory) in \(time)")
    }

    func verified() { say("the image is verified: its registry is not needed any more") }

    func filled() {
        say(image.isComplete ? "the image is complete: \(Quantity.bytes(size))" : "the fill gave up")
    }

    func ended() {
        let counters = image.scheduler.counters
        let fetched = counters.fetchedByteCount
        say(
            "fetched \(Quantity.bytes(fetched)), \(Quantity.percent(fetched, of: size)) of the image, in"
                + " \(counters.requestCount) requests")
    }

    private func say(_ text: String) { CommandLog.say(text, ["image": "\(name)"]) }
}
