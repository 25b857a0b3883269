import Glibc
import HermesSupport

extension SpanScheduler {
    /// Keeps a span in the cache if there is room; returns whether it did. A full disk costs the cache, not the read.
    func keep(_ key: SpanID, _ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
        if room.withLock({ $0.admits(Int64(bytes.count)) }) {
            do {
                try layers[key.layer].store.store(key.span, bytes, at: offset)
                return true
            } catch {
                let isNew = room.withLock { $0.writeFailed(now: .now()) }
                if isNew { log.cacheIsFull(key, error) }
                threads.clock.wake(self)
            }
        }
        counters.cacheFailures.add(1, ordering: .relaxed)
        state.withLock { $0.queue.hold(true) }
        // Another thread may have found room since.
        if room.withLock({ $0.isOpen }) { resume() }
        return false
    }

    /// The bytes that the budget of the cache allows this image from now on. Returns the bytes of a span that does not fit all the
    /// same; nil where there is none.
    func allow(_ bytes: Int64) -> Int64? {
        let (isOpen, refused) = room.withLock { room in
            room.allow(bytes)
            return (room.isOpen, room.refused)
        }
        if isOpen { resume() }
        return refused
    }

    /// Looks for space on the disk when it is time to. To be called by a thread that may block.
    func lookForRoom() {
        guard room.withLock({ $0.isLookDue(now: .now()) }), let folder = layers.first?.store.folder else { return }
        let hasSpace = Self.hasSpace(CacheRoom.breath, in: folder)
        let isOpen = room.withLock { room in
            room.looked(hasSpace: hasSpace, now: .now())
            return room.isOpen
        }
        guard hasSpace else { return }
        log.cacheHasRoom()
        if isOpen { resume() }
    }

    private func resume() {
        state.withLock { $0.queue.hold(false) }
        pump()
    }

    /// Whether a file can get so many bytes. Asked by doing it: quotas show nowhere else.
    private static func hasSpace(_ bytes: Int64, in folder: String) -> Bool {
        guard let file = try? OpenFile.unnamed("room", in: folder) else { return false }
        return withExtendedLifetime(file) { posix_fallocate(file.descriptor, 0, off_t(bytes)) == 0 }
    }
}
