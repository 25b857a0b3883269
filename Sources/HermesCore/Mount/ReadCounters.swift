import CLinux
import HermesSupport
import Synchronization

/// The reads of a mount and their bytes, by where the bytes came from.
///
/// Safe for use from any thread. A hit is counted without lock and without bus lock: each thread has counters of its
/// own, on cache lines of their own, that only it writes. Valid until the owner calls `deallocate`.
struct ReadCounters: @unchecked Sendable {
    /// The counters of one thread: hits, their bytes, and nothing up to the next pair of cache lines, which processors
    /// fetch together.
    private static let stride = 128
    private static let slotCount = Int(HERMES_SHARED_SLOT) + 1
    private let slots: UnsafeMutableRawPointer
    private let reads = CounterSet<ReadSource>()
    private let bytes = CounterSet<ReadSource>()

    init() {
        let size = Self.stride * Self.slotCount
        slots = .allocate(byteCount: size, alignment: Self.stride)
        slots.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    func deallocate() { slots.deallocate() }

    private func words(_ slot: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        // Slots are below `slotCount`; zeros are what an Atomic of zero is.
        (slots + slot * Self.stride).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Counts a read that the cache answered without a wait.
    @inline(__always)
    func hit(_ count: Int) {
        let slot = Int(hermes_thread_slot())
        let words = words(slot)
        guard slot != Int(HERMES_SHARED_SLOT) else {
            words[0].wrappingAdd(1, ordering: .relaxed)
            words[1].wrappingAdd(count, ordering: .relaxed)
            return
        }
        // Only this thread writes here, so nothing comes between the load and the store.
        words[0].store(words[0].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        words[1].store(words[1].load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    /// Counts any other read.
    func add(_ source: ReadSource, _ count: Int) {
        reads.add(for: source)
        bytes.add(count, for: source)
    }

    /// The reads and the bytes of one source so far.
    func total(_ source: ReadSource) -> (reads: Int, bytes: Int) {
        var total = (reads: reads[source], bytes: bytes[source])
        guard source == .cache else { return total }
        for slot in 0..<Self.slotCount {
            total.reads += words(slot)[0].load(ordering: .relaxed)
            total.bytes += words(slot)[1].load(ordering: .relaxed)
        }
        return total
    }
}
