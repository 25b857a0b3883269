import HeapModule
import HermesSupport

/// The timers of an event loop, soonest first; of those due at once, the one that was added first. Event-loop thread only.
///
/// A heap cannot take out of its middle: a cancelled timer stays there, without its action, until it comes to the top or
/// the cancelled ones are the most.
struct HTTPTimers {
    private struct Place: Comparable {
        let timer: HTTPTimer
        let number: Int

        static func < (left: Place, right: Place) -> Bool {
            (left.timer.due, left.number) < (right.timer.due, right.number)
        }
        static func == (left: Place, right: Place) -> Bool { left.number == right.number }
    }

    /// Its top is always pending.
    private var heap = Heap<Place>()
    private var added = 0
    private var cancelled = 0

    /// When the next is due.
    var next: Monotonic? { heap.min?.timer.due }

    /// The places in the heap, those of cancelled timers among them.
    var placeCount: Int { heap.count }

    mutating func add(at due: Monotonic, _ action: @escaping () -> Void) -> HTTPTimer {
        let timer = HTTPTimer(due, action)
        heap.insert(Place(timer: timer, number: added))
        added += 1
        return timer
    }

    /// Takes a timer back, whose action is released at once. One that was taken or cancelled already stays as it is.
    mutating func remove(_ timer: HTTPTimer) {
        guard timer.take() != nil else { return }
        cancelled += 1
        if cancelled > heap.count / 2 {
            heap.removeAll { !$0.timer.isPending }
            cancelled = 0
        } else {
            dropCancelled()
        }
    }

    /// Takes out the next action that is due.
    mutating func takeDue(_ now: Monotonic) -> (() -> Void)? {
        guard let place = heap.min, place.timer.due <= now else { return nil }
        heap.removeMin()
        dropCancelled()
        return place.timer.take()
    }

    private mutating func dropCancelled() {
        while let place = heap.min, !place.timer.isPending {
            heap.removeMin()
            cancelled -= 1
        }
    }
}
