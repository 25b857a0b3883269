import HermesSupport

/// What an earlier process has shown on the connection.
extension ImageSlots {
    /// Fills a slot with the image that it has shown in an earlier process, or with none, for the reason `lost`: requests for
    /// its inodes then fail, and its name is free. Only before a request can come.
    func restore(_ slot: HeldSlot, _ image: LazyImage?, lost: String?) {
        state.withLock { state in
            var held = slot
            held.isRemoved = held.isRemoved || image == nil
            state.slots[slot.slot] = held
            if held.isRemoved { state.leaving.insert(slot.slot) } else { state.names[slot.name] = slot.slot }
            state.lost[slot.slot] = lost
        }
        if let image { set(slot.slot, ImageFilesystem(image, slot: slot.slot, counts: counts)) }
    }

    /// The names of the slots that wait for the kernel to forget their image.
    var removedNames: [String] {
        state.withLock { state in state.leaving.compactMap { state.slots[$0]?.name } }
    }

    /// The slots that can be found by their names, with their images.
    var shown: [(slot: HeldSlot, image: LazyImage)] {
        state.withLock { state in
            state.slots.values.filter { !$0.isRemoved }.compactMap { held in
                image(inSlot: held.slot).map { (held, $0.takeUnretainedValue().lazy) }
            }
        }
    }

    /// The slots whose image could not be opened again, and why.
    var lost: [(slot: HeldSlot, cause: String)] {
        state.withLock { state in
            state.lost.compactMap { slot, cause in state.slots[slot].map { ($0, cause) } }
        }
    }
}
