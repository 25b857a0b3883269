import Glibc
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesCore

/// What outlives the process of a mount of many images, as two files.
@Suite struct SlotMemoryTests {
    private let folder: TestFolder
    private let mount = MountID(number: 7, device: 42)
    private var slots: String { folder.path + "/slots" }
    private var counts: String { folder.path + "/counts" }

    init() throws { folder = try TestFolder() }

    private func isRefused(_ mount: MountID? = nil) -> Bool {
        (try? SlotMemory.open(slots, counts: counts, mount: mount ?? self.mount)) == nil
    }

    @Test func theNextProcessFindsTheSlotsAndTheCounts() throws {
        let held = [SlotsFileTests.slot(1, "a"), SlotsFileTests.slot(4095, "b")]
        do {
            let memory = try SlotMemory(making: slots, counts: counts, mount: mount)
            try memory.write(held)
            memory.counts.lookedUp(1, 3)
            memory.counts.forgotten(1, 1)
            memory.counts.lookedUp(4095, 1)
            memory.counts.lookedUp(2, 1)
            memory.counts.forgotten(2, 1)
        }
        let (memory, found) = try SlotMemory.open(slots, counts: counts, mount: mount)
        #expect(found == held)
        #expect([0, 1, 2, 3, 4094, 4095].filter(memory.counts.isKnown) == [1, 4095])
        memory.counts.forgotten(1, 2)
        #expect(!memory.counts.isKnown(1))
        // A new mount begins with nothing.
        let next = try SlotMemory(making: slots, counts: counts, mount: MountID(number: 8, device: 42))
        #expect(!next.counts.isKnown(4095))
        #expect(isRefused())
        // The mapping of the process before is not changed by that.
        #expect(memory.counts.isKnown(4095))
    }

    @Test func filesOfAnotherMountAreRefused() throws {
        _ = try SlotMemory(making: slots, counts: counts, mount: mount)
        #expect(!isRefused())
        #expect(isRefused(MountID(number: 8, device: 42)))
        #expect(isRefused(MountID(number: 7, device: 43)))
        // Each of the two alone.
        let other = folder.path + "/other"
        _ = try SlotMemory(making: other, counts: counts, mount: MountID(number: 8, device: 42))
        #expect(isRefused())
        _ = try SlotMemory(making: slots, counts: counts, mount: mount)
        _ = try SlotMemory(making: slots, counts: other, mount: MountID(number: 8, device: 42))
        #expect(isRefused())
    }

    @Test func damagedFilesAreRefused() throws {
        for damage in [
            { truncate($0, off_t(LookupCounts.size - 8)) }, { truncate($0, off_t(LookupCounts.size + 8)) },
            { truncate($0, 0) == 0 ? truncate($0, off_t(LookupCounts.size)) : -1 }, { unlink($0) },
        ] as [(String) -> Int32] {
            _ = try SlotMemory(making: slots, counts: counts, mount: mount)
            #expect(!isRefused())
            #expect(damage(counts) == 0)
            #expect(isRefused())
        }
        _ = try SlotMemory(making: slots, counts: counts, mount: mount)
        #expect(unlink(slots) == 0)
        #expect(isRefused())
    }
}
