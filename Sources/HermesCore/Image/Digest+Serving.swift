import CLinux

extension Digest {
    /// Runs `body`, the work of code on the image whose manifest has this digest, and marks the calling thread with it meanwhile: where
    /// the process ends in the middle, the next one knows whose work it was. A mark inside another one changes nothing. Costs six
    /// stores to the thread's own cache line, and one load where no marks are kept (`hermes_crash_marks_use`).
    @inline(__always)
    package func serving<Result>(_ body: () throws -> Result) rethrows -> Result {
        let (first, second, third, fourth) = words
        guard hermes_serving_begin(first, second, third, fourth) != 0 else { return try body() }
        defer { hermes_serving_end() }
        return try body()
    }
}
