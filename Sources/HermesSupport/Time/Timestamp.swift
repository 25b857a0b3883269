/// A moment as seconds and nanoseconds since 1970-01-01T00:00:00Z, as `struct timespec` has it.
package struct Timestamp: Sendable, Hashable {
    /// Whole seconds since the epoch, rounded down; negative before 1970.
    package var seconds: Int64
    /// Nanoseconds after `seconds`, 0 to 999,999,999.
    package var nanoseconds: Int32

    /// Makes a moment. `nanoseconds` is 0 to 999,999,999.
    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}
