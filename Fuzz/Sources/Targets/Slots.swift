@testable import HermesCore

extension FuzzTarget {
    /// The file of the slots of a daemon's mount.
    static let slots = FuzzTarget(name: "slots") { bytes in
        let file = try SlotsFile(decoding: Array(bytes), name: "slots")
        check(
            try SlotsFile(decoding: try file.encoded(), name: "slots") == file, "slots are others when read again")
        var last = 0
        for slot in file.slots {
            check((last + 1..<ImageSlots.capacity).contains(slot.slot), "slot \(slot.slot) after \(last)")
            last = slot.slot
            check(!slot.name.isEmpty && !slot.name.utf8.contains(UInt8(ascii: "/")), "a name that leads elsewhere")
        }
    }
}
