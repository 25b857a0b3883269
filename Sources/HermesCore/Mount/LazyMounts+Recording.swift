import HermesSupport

/// Recording of the reads of single images, for those who want to know what a start touches.
extension LazyMounts {
    /// Records the reads of the image in the folder `name` from now on; of one that is not there yet, from its first read. False
    /// where somebody records them already. `endRecording` is to be called.
    package func beginRecording(_ name: String) -> Bool { slots.beginRecording(name, at: .now()) }

    /// Stops that, and gives what was recorded; nil where the image was never there. Takes time in proportion to its files.
    package func endRecording(_ name: String) -> ReadRecord? {
        guard let (image, tally, begin) = slots.endRecording(name) else { return nil }
        return ReadRecord(tally, seconds: Monotonic.now().milliseconds(since: begin) / 1000, of: image.lazy)
    }
}
