import Glibc
import HermesSupport
import Synchronization

/// The span cache of one layer: a sparse file `data` that holds the uncompressed layer at its own offsets, and the file
/// `present` that says which spans are there (`PresenceFile`).
///
/// As long as a store lives it holds a lease on its folder, so that no process removes the files that it reads. Two
/// processes that fill the same span write the same bytes.
///
/// Safe for use from any thread.
package final class SpanStore: @unchecked Sendable {
    /// The sparse file of uncompressed bytes.
    package let data: OpenFile
    /// The folder.
    let folder: String
    /// The number of spans.
    let count: Int
    /// The number of uncompressed bytes.
    let size: Int64
    let presence: PresenceFile
    /// The bitmap, for the read path; valid as long as this object is.
    let presentWords: UnsafeMutablePointer<Atomic<UInt64>>
    /// The bytes that this store wrote since they were last synced, and altogether.
    let unsyncedBytes = Atomic<Int>(0)
    let storedBytes = Atomic<Int>(0)
    private let lease: FolderLease
    /// Held beside the lock on `data`, which does not tell the threads of one store apart.
    private let upkeep = Mutex(())

    /// Opens or makes the cache in `folder` for a layer of `count` spans and `size` uncompressed bytes. Throws `notFound`
    /// when there is no such folder, and the file error when there is no room for the bitmap.
    package init(folder: String, count: Int, size: Int64) throws {
        lease = try FolderLease.shared(folder)
        self.folder = folder
        self.count = count
        self.size = size
        data = try OpenFile(folder + "/data", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        presence = try PresenceFile(folder: folder, count: count, data: data, size: size)
        presentWords = presence.present
    }

    /// Whether span `index` can be read from `data`.
    @inline(__always)
    package func isPresent(_ index: Int) -> Bool {
        presentWords[index >> 6].load(ordering: .acquiring) & (1 << UInt64(index & 63)) != 0
    }

    /// The number of spans that are present.
    package var presentCount: Int {
        (0..<presence.wordCount).reduce(0) { $0 + presentWords[$1].load(ordering: .relaxed).nonzeroBitCount }
    }

    /// The number of spans that outlive a power loss.
    package var durableCount: Int {
        (0..<presence.wordCount).reduce(0) { $0 + presence.durable[$1].load(ordering: .relaxed).nonzeroBitCount }
    }

    /// Writes the bytes of span `index`, which start at `offset` of the uncompressed layer, and marks it present.
    ///
    /// Throws the file error, ENOSPC among them; the span is then not present, and nothing else is harmed.
    package func store(_ index: Int, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try data.write(bytes, at: offset)
        unsyncedBytes.add(bytes.count, ordering: .relaxed)
        storedBytes.add(bytes.count, ordering: .relaxed)
        presentWords[index >> 6].bitwiseOr(1 << UInt64(index & 63), ordering: .releasing)
    }

    /// Makes every span that is present now outlive a power loss; waits for the disk. Waits up to `milliseconds` for
    /// another process that looks after the same layer and then returns false: that one will see to these spans too.
    ///
    /// Throws the file error. Spans whose bytes the disk did not take are then not present any more, because the state
    /// of pages that could not be written is not known (fsync(2)).
    @discardableResult
    package func makeDurable(waiting milliseconds: Int = 0) throws -> Bool {
        try whileAlone(waiting: milliseconds) { try makeDurableAlone() } != nil
    }

    /// Does the work of `makeDurable`, for a caller that has excluded other processes.
    func makeDurableAlone() throws {
        unsyncedBytes.store(0, ordering: .relaxed)
        let added = (0..<presence.wordCount).map { word in
            presentWords[word].load(ordering: .acquiring) & ~presence.durable[word].load(ordering: .relaxed)
        }
        guard added.contains(where: { $0 != 0 }) else { return }
        // The folder is synced as well, because it holds the name of a new file.
        guard fdatasync(data.descriptor) == 0, fsync(lease.descriptor) == 0 else {
            let error = SystemError.last
            for (word, bits) in added.enumerated() { presentWords[word].bitwiseAnd(~bits, ordering: .releasing) }
            throw HermesError.file("sync", data.path, error)
        }
        for (word, bits) in added.enumerated() { presence.durable[word].bitwiseOr(bits, ordering: .relaxed) }
        try presence.synchronize()
    }

    /// Runs `body` while no other thread or process makes the layer durable or forgets it; nil when one of them still does
    /// so after `milliseconds`.
    func whileAlone<Result>(waiting milliseconds: Int, _ body: () throws -> Result) throws -> Result? {
        let deadline = Monotonic.now().adding(milliseconds: milliseconds)
        while true {
            let result = try upkeep.withLockIfAvailable { _ -> Result? in
                guard flock(data.descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
                defer { flock(data.descriptor, LOCK_UN) }
                return try body()
            }
            if let result, let value = result { return value }
            guard Monotonic.now() < deadline else { return nil }
            usleep(10_000)
        }
    }
}
