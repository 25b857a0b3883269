import HermesSupport

extension ImageSlots {
    /// Records the reads of the image that a name shows or will show. False where that is done already.
    func beginRecording(_ name: String, at begin: Monotonic) -> Bool {
        state.withLock { state in
            guard state.recordings[name] == nil else { return false }
            state.recordings[name] = begin
            if let slot = state.names[name] {
                image(inSlot: slot)?.takeUnretainedValue().recorder.begin(at: begin)
            }
            return true
        }
    }

    /// Ends that. Gives the image that the name shows, or showed before it was removed, and what was recorded of it.
    func endRecording(_ name: String) -> (image: ImageFilesystem, tally: ReadTally, begin: Monotonic)? {
        let images = state.withLock { state in
            state.recordings[name] = nil
            // The one that is shown comes last.
            return state.slots.values.filter { $0.name == name }.sorted { $0.isRemoved && !$1.isRemoved }
                .compactMap { image(inSlot: $0.slot)?.takeUnretainedValue() }
        }
        return images.compactMap { image in image.recorder.end().map { (image, $0.tally, $0.begin) } }.last
    }
}
