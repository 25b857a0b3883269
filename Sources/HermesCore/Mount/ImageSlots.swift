import Glibc
import HermesSupport
import Synchronization

/// The images of one FUSE connection.
///
/// An inode number is an image's slot in the upper 32 bits and the inode's record in the image's tree below. Slot 0 is the
/// mount's root: the one image of a mount that shows one, else a folder with a folder for each image (`ImageSlots+Root.swift`).
/// A slot is used again only after the kernel has forgotten all inodes of its image, so no request can meet another image. Of a
/// mount that survives its process this includes the inodes that the kernel has from an earlier process (`SlotMemory`).
///
/// Safe for use from any thread.
final class ImageSlots: @unchecked Sendable {
    /// Images of one connection, one less where slot 0 is the root folder.
    static let capacity = 4096

    struct State {
        /// What each slot shows that is not free.
        var slots: [Int: HeldSlot] = [:]
        /// The slots of the images that can be found.
        var names: [String: Int] = [:]
        /// The slots of images that were removed and that the kernel still knows.
        var leaving: Set<Int> = []
        /// Why the slots among these that have no image could not be opened again.
        var lost: [Int: String] = [:]
        /// The names whose images' reads are recorded, and since when.
        var recordings: [String: Monotonic] = [:]
        /// When a name came or went last.
        var changed = Timestamp.now()
        /// Whether `slots` differs from what was kept last.
        var isChanged = false
    }

    /// For each slot an object that is retained as long as it is here, as the bits of its address; 0 where there is none.
    private let images: UnsafeMutablePointer<Atomic<UInt>>
    let counts: LookupCounts
    let state = Mutex(State())
    /// Keeps what the slots show for a later process; held while it does so. It may wait for a disk, so `state` is free.
    private let keeping: Mutex<@Sendable ([HeldSlot]) throws -> Void>

    /// Slots for many images, none of them used. `keep` is called with all that are not free, before one of them can be seen
    /// and some time after one was removed.
    init(counts: LookupCounts = LookupCounts(), keep: @escaping @Sendable ([HeldSlot]) throws -> Void = { _ in }) {
        self.counts = counts
        keeping = Mutex(keep)
        images = .allocate(capacity: Self.capacity)
        for slot in 0..<Self.capacity { (images + slot).initialize(to: Atomic(0)) }
    }

    /// One image, which is the mount's root.
    convenience init(alone image: LazyImage) {
        self.init()
        set(0, ImageFilesystem(image, counts: counts))
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
        let slot = Self.slot(of: number)
        return slot < Self.capacity ? image(inSlot: slot) : nil
    }

    /// The slot of an inode; `capacity` or more for a number that no inode has.
    @inline(__always)
    private static func slot(of number: UInt64) -> Int {
        // The state folder's numbers, which are above all slots, belong to the image in slot 0.
        number >= StateFolder.number ? 0 : Int(number >> 32)
    }

    func image(inSlot slot: Int) -> Unmanaged<ImageFilesystem>? {
        let bits = images[slot].load(ordering: .acquiring)
        return UnsafeRawPointer(bitPattern: bits).map { .fromOpaque($0) }
    }

    func set(_ slot: Int, _ image: ImageFilesystem?) {
        let bits = image.map { UInt(bitPattern: Unmanaged.passRetained($0).toOpaque()) } ?? 0
        images[slot].store(bits, ordering: .releasing)
    }

    /// The kernel has given back references to an inode.
    func forgotten(_ number: UInt64, _ count: Int) {
        let slot = Self.slot(of: number)
        if slot < Self.capacity { counts.forgotten(slot, count) }
    }

    /// Shows an image under a name. Throws `cannotCreate` where the name is taken, `system` where there is no slot, and what
    /// keeping the slots throws.
    func add(_ image: LazyImage, as name: String) throws -> ImageFilesystem {
        try keeping.withLock { keep in
            let (slot, slots) = try state.withLock { try Self.reserve(&$0, image, name) }
            do {
                try keep(slots)
            } catch {
                state.withLock { state in
                    state.slots[slot] = nil
                    state.isChanged = true
                }
                throw error
            }
            let filesystem = ImageFilesystem(image, slot: slot, counts: counts)
            set(slot, filesystem)
            state.withLock { state in
                // Before the kernel can find it, so that the first read counts.
                if let begin = state.recordings[name] { filesystem.recorder.begin(at: begin) }
                state.names[name] = slot
                state.changed = .now()
            }
            return filesystem
        }
    }

    /// Takes a free slot for an image. Returns it and all that are not free.
    private static func reserve(
        _ state: inout State, _ image: LazyImage, _ name: String
    ) throws -> (slot: Int, slots: [HeldSlot]) {
        guard state.names[name] == nil else {
            throw HermesError(.cannotCreate, "the mount has an image \(name.printable(100)) already")
        }
        guard let slot = (1..<capacity).first(where: { state.slots[$0] == nil }) else {
            throw HermesError(.system, "the mount has \(state.slots.count) images, and takes no more")
        }
        state.slots[slot] = HeldSlot(
            slot: slot, name: name, reference: image.image.reference, manifest: image.image.descriptor.digest,
            index: image.index, tree: image.tree.checksum, layers: image.layers.count, isRemoved: false)
        state.isChanged = false
        return (slot, Array(state.slots.values))
    }

    /// Takes a name away. What the kernel knows of its image goes on to work. False where there is no such name.
    func remove(_ name: String) -> Bool {
        state.withLock { state in
            guard let slot = state.names.removeValue(forKey: name) else { return false }
            state.slots[slot]?.isRemoved = true
            state.leaving.insert(slot)
            state.changed = .now()
            state.isChanged = true
            return true
        }
    }

    /// Keeps what has changed since that was done last. A failure leaves a slot reserved, or a name that is removed again, in a
    /// later process, and so it is none here.
    func keepChanges() {
        keeping.withLock { keep in
            let slots = state.withLock { state -> [HeldSlot]? in
                defer { state.isChanged = false }
                return state.isChanged ? Array(state.slots.values) : nil
            }
            if let slots, (try? keep(slots)) == nil { state.withLock { $0.isChanged = true } }
        }
    }

    /// Whether every slot is free.
    var isEmpty: Bool { state.withLock { $0.slots.isEmpty } }

    /// The removed images that the kernel still knows.
    var leaving: [ImageFilesystem] {
        state.withLock { state in state.leaving.compactMap { image(inSlot: $0)?.takeUnretainedValue() } }
    }

    /// Whether some slot waits for the kernel to forget its image.
    var hasLeaving: Bool { state.withLock { !$0.leaving.isEmpty } }

    /// Takes out the removed images that the kernel has forgotten: no request for them is under way, and none will come. With
    /// them come the manifests of which no slot has an image any more.
    func takeForgotten() -> (images: [ImageFilesystem], gone: [Digest]) {
        state.withLock { state in
            // A lookup counts before it is answered, and a name that is gone is not looked up: zero is for good.
            let forgotten = state.leaving.filter { !counts.isKnown($0) }
            guard !forgotten.isEmpty else { return ([], []) }
            state.leaving.subtract(forgotten)
            let manifests = Set(forgotten.compactMap { state.slots.removeValue(forKey: $0)?.manifest })
            for slot in forgotten { state.lost[slot] = nil }
            state.isChanged = true
            let images = forgotten.compactMap(take)
            return (images, Array(manifests.subtracting(state.slots.values.map(\.manifest))))
        }
    }

    /// All images.
    var all: [ImageFilesystem] {
        (1..<Self.capacity).compactMap { image(inSlot: $0)?.takeUnretainedValue() }
    }

    /// Takes out all images. Only after the connection has ended.
    func takeAll() -> [ImageFilesystem] {
        state.withLock { state in
            state = State()
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
