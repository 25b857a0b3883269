import Glibc
import HermesSupport
import Synchronization

/// The images of one FUSE connection.
///
/// An inode number is an image's slot in the upper 32 bits and the inode's record in the image's tree below. Slot 0 is the
/// mount's root: the one image of a mount that shows one, else a folder with a folder for each image (`ImageSlots+Root.swift`).
/// A slot is used again only after the kernel has forgotten all inodes of its image, so no request can meet another image.
///
/// Safe for use from any thread.
final class ImageSlots: @unchecked Sendable {
    /// Images of one connection, one less where slot 0 is the root folder.
    static let capacity = 4096

    private struct State {
        /// The slots of the images that can be found.
        var names: [String: Int] = [:]
        /// The slots of images that were removed and that the kernel still knows.
        var leaving: Set<Int> = []
        /// When a name came or went last.
        var changed = Timestamp.now()
    }

    /// For each slot an object that is retained as long as it is here, as the bits of its address; 0 where there is none.
    private let images: UnsafeMutablePointer<Atomic<UInt>>
    private let state = Mutex(State())

    /// Slots for many images, none of them used.
    init() {
        images = .allocate(capacity: Self.capacity)
        for slot in 0..<Self.capacity { (images + slot).initialize(to: Atomic(0)) }
    }

    /// One image, which is the mount's root.
    convenience init(alone image: ImageFilesystem) {
        self.init()
        set(0, image)
    }

    deinit {
        // Nothing of the kernel's can come any more: the session was freed before.
        for slot in 0..<Self.capacity { image(inSlot: slot)?.release() }
        images.deallocate()
    }

    /// The image that an inode belongs to. It lives as long as the kernel knows one of its inodes, and so while a request for
    /// one is answered.
    @inline(__always)
    func image(_ number: UInt64) -> Unmanaged<ImageFilesystem>? {
        // The state folder's numbers, which are above all slots, belong to the image in slot 0.
        let slot = number >= StateFolder.number ? 0 : Int(number >> 32)
        return slot < Self.capacity ? image(inSlot: slot) : nil
    }

    private func image(inSlot slot: Int) -> Unmanaged<ImageFilesystem>? {
        let bits = images[slot].load(ordering: .acquiring)
        return UnsafeRawPointer(bitPattern: bits).map { .fromOpaque($0) }
    }

    private func set(_ slot: Int, _ image: ImageFilesystem?) {
        let bits = image.map { UInt(bitPattern: Unmanaged.passRetained($0).toOpaque()) } ?? 0
        images[slot].store(bits, ordering: .releasing)
    }

    /// Shows an image under a name. `closed` is for whoever closes it. Throws `cannotCreate` where the name is taken, `system`
    /// where there is no slot.
    func add(
        _ image: LazyImage, as name: String, closed: (@Sendable () -> Void)? = nil
    ) throws -> ImageFilesystem {
        try state.withLock { state in
            guard state.names[name] == nil else {
                throw HermesError(.cannotCreate, "the mount has an image \(name.printable(100)) already")
            }
            let used = Set(state.names.values).union(state.leaving)
            guard let slot = (1..<Self.capacity).first(where: { !used.contains($0) }) else {
                throw HermesError(.system, "the mount has \(used.count) images, and takes no more")
            }
            let filesystem = ImageFilesystem(image, slot: slot, closed: closed)
            set(slot, filesystem)
            state.names[name] = slot
            state.changed = .now()
            return filesystem
        }
    }

    /// Takes a name away. What the kernel knows of its image goes on to work. False where there is no such name.
    func remove(_ name: String) -> Bool {
        state.withLock { state in
            guard let slot = state.names.removeValue(forKey: name) else { return false }
            state.leaving.insert(slot)
            state.changed = .now()
            return true
        }
    }

    /// The removed images that the kernel still knows.
    var leaving: [ImageFilesystem] {
        state.withLock { state in state.leaving.compactMap { image(inSlot: $0)?.takeUnretainedValue() } }
    }

    /// Takes out the removed images that the kernel has forgotten: no request for them is under way, and none will come.
    func takeForgotten() -> [ImageFilesystem] {
        state.withLock { state in
            // A lookup counts before it is answered, and a name that is gone is not looked up: zero is for good.
            let forgotten = state.leaving.filter { slot in
                guard let image = image(inSlot: slot) else { return true }
                return image._withUnsafeGuaranteedRef { !$0.isKnown }
            }
            state.leaving.subtract(forgotten)
            return forgotten.compactMap(take)
        }
    }

    /// Takes out all images. Only after the connection has ended.
    func takeAll() -> [ImageFilesystem] {
        state.withLock { state in
            state.names = [:]
            state.leaving = []
            return (1..<Self.capacity).compactMap(take)
        }
    }

    private func take(_ slot: Int) -> ImageFilesystem? {
        guard let image = image(inSlot: slot) else { return nil }
        set(slot, nil)
        // The reference that `set` took.
        return image.takeRetainedValue()
    }

    /// The image that a name shows; nil where there is none.
    func find(_ name: String) -> ImageFilesystem? {
        state.withLock { state in state.names[name].flatMap { image(inSlot: $0)?.takeUnretainedValue() } }
    }

    // MARK: The root folder

    /// Counts a lookup of an image's root, and gives what is found; nil where there is none.
    func lookUp(_ name: String) -> ImageFilesystem? {
        state.withLock { state in
            guard let slot = state.names[name], let image = image(inSlot: slot) else { return nil }
            let found = image.takeUnretainedValue()
            found.lookedUp(1)
            return found
        }
    }

    /// The names of the images in order, and when one came or went last.
    func list() -> (names: [String], changed: Timestamp) {
        state.withLock { ($0.names.keys.sorted(), $0.changed) }
    }
}
