import Glibc

/// A point on the system's monotonic clock.
package struct Monotonic: Comparable, Sendable {
    /// Nanoseconds since an arbitrary start.
    package let nanoseconds: Int

    /// Now.
    package static func now() -> Monotonic {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Monotonic(nanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec)
    }

    /// The later of two points comes second.
    package static func < (left: Monotonic, right: Monotonic) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The point `milliseconds` later.
    package func adding(milliseconds: Int) -> Monotonic {
        Monotonic(nanoseconds: nanoseconds + milliseconds * 1_000_000)
    }

    /// Milliseconds from `start` to this point.
    package func milliseconds(since start: Monotonic) -> Double {
        Double(nanoseconds - start.nanoseconds) / 1_000_000
    }
}
