import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The slots of a mount of many images, without a kernel.
@Suite struct ImageSlotsTests {
    private let folder: TestFolder
    private let cache: ImageCache

    init() throws {
        folder = try TestFolder()
        cache = try ImageCache(folder.path + "/cache")
    }

    /// An open image with one file of that content.
    private func image(_ content: String) throws -> LazyImage {
        let layer = LayerArchive.make { $0.add(Array("file".utf8), type: "0", Array(content.utf8)) }
        let image = try IndexedImage([(layer, .gzip(.gzip6))], spanSize: 40_000)
        try cache.compile(image.image, try image.files())
        return try cache.open(
            image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
    }

    /// The number of the root of the image in a slot.
    private func root(_ slot: Int) -> UInt64 { UInt64(slot) << 32 + 1 }

    @Test func aSlotIsKeptBeforeItCanBeSeen() throws {
        let kept = Mutex<[[HeldSlot]]>([])
        let seen = Mutex<[Bool]>([])
        let holder = Mutex<ImageSlots?>(nil)
        let slots = ImageSlots { held in
            kept.withLock { $0.append(held) }
            let isSeen = holder.withLock { $0 }.map { $0.find("one") != nil || $0.image(1 << 32 + 1) != nil }
            seen.withLock { $0.append(isSeen ?? true) }
        }
        holder.withLock { $0 = slots }
        defer { holder.withLock { $0 = nil } }
        let one = try image("one")
        _ = try slots.add(one, as: "one")
        #expect(seen.withLock { $0 } == [false])
        let held = HeldSlot(
            slot: 1, name: "one", reference: one.image.reference, manifest: one.image.descriptor.digest,
            index: one.index, tree: one.tree.checksum, layers: 1, isRemoved: false)
        #expect(kept.withLock { $0 } == [[held]])
        slots.keepChanges()
        #expect(kept.withLock(\.count) == 1)
        #expect(slots.remove("one"))
        slots.keepChanges()
        #expect(kept.withLock { $0.last?.map(\.isRemoved) } == [true])
        #expect(slots.takeForgotten().gone == [held.manifest])
        slots.keepChanges()
        #expect(kept.withLock { $0.last } == [])
        #expect(slots.isEmpty)
    }

    @Test func aSlotThatCannotBeKeptIsNotShown() throws {
        let isFull = Atomic(true)
        let slots = ImageSlots { _ in
            if isFull.load(ordering: .relaxed) { throw HermesError(.io, "the disk is full") }
        }
        let one = try image("one")
        #expect(throws: HermesError.self) { try slots.add(one, as: "one") }
        #expect(slots.find("one") == nil && slots.isEmpty && slots.image(root(1)) == nil)
        isFull.store(false, ordering: .relaxed)
        #expect(try slots.add(one, as: "one").slot == 1)
        // What cannot be kept later is kept with the next change.
        isFull.store(true, ordering: .relaxed)
        #expect(slots.remove("one"))
        slots.keepChanges()
        #expect(slots.takeForgotten().images.count == 1)
        #expect(slots.isEmpty)
    }

    /// The inodes that the kernel has from an earlier process keep their slot.
    @Test func aRemovedImageOfAnEarlierProcessKeepsItsSlot() throws {
        let counts = LookupCounts()
        counts.lookedUp(1, 2)
        let slots = ImageSlots(counts: counts)
        let (old, new) = (try image("old"), try image("new"))
        slots.restore(SlotsFileTests.slot(1, "name", isRemoved: true), old, lost: nil)
        #expect(slots.find("name") == nil && slots.hasLeaving && slots.removedNames == ["name"])
        #expect(slots.image(root(1)) != nil)
        #expect(try slots.add(new, as: "name").slot == 2)
        slots.forgotten(root(1), 1)
        #expect(slots.takeForgotten().images.isEmpty)
        slots.forgotten(root(1) + 5, 1)
        #expect(slots.takeForgotten().images.map { $0.lazy === old } == [true])
        #expect(try slots.add(old, as: "old").slot == 1)
    }

    @Test func aLostImageHasNoNameAndKeepsItsSlot() throws {
        let counts = LookupCounts()
        counts.lookedUp(1, 1)
        let slots = ImageSlots(counts: counts)
        slots.restore(SlotsFileTests.slot(1, "name"), nil, lost: "gone")
        slots.restore(SlotsFileTests.slot(2, "other"), nil, lost: "gone as well")
        #expect(slots.find("name") == nil && slots.image(root(1)) == nil && slots.shown.isEmpty)
        #expect(slots.lost.map(\.cause).sorted() == ["gone", "gone as well"])
        // Nothing is known of the second; but both are of one manifest, which is in use still.
        #expect(slots.takeForgotten().gone == [])
        #expect(slots.lost.map(\.cause) == ["gone"])
        #expect(try slots.add(try image("new"), as: "name").slot == 2)
        slots.forgotten(root(1), 1)
        #expect(slots.takeForgotten().gone == [.of([1])])
        #expect(slots.lost.isEmpty)
    }

    @Test func numbersThatNoInodeHasDoNothing() {
        let slots = ImageSlots()
        for number in [root(ImageSlots.capacity), UInt64.max >> 1] {
            #expect(slots.image(number) == nil)
            slots.forgotten(number, 1)
        }
        // Those of a state folder are slot 0's.
        slots.forgotten(.max, .max)
        #expect(slots.image(.max) == nil)
    }
}
