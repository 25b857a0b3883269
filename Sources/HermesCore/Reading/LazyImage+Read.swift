import Glibc
import HermesSupport

extension LazyImage {
    /// Reads a range of a file's bytes, however long it takes; the completion is called once, maybe before this returns.
    ///
    /// The bytes are valid during the completion. A range beyond the file's end is cut. Errors: `notFound` for an inode
    /// that is not a regular file, `corrupt` after the image's index was refused, `io` after the disk did not give the tree, else the error that kept the bytes away. Returns where the bytes come from.
    @discardableResult
    func read(
        inode number: UInt64, offset: Int64, count: Int,
        completion: @escaping @Sendable (Result<UnsafeRawBufferPointer, HermesError>) -> Void
    ) -> ReadSource {
        let found = tree.inode(number)?.pointee
        if let damage {
            completion(.failure(damage))
            return .hole
        }
        guard let record = found, record.mode & S_IFMT == S_IFREG, offset >= 0, count >= 0 else {
            completion(.failure(HermesError(.notFound, "inode \(number) is not a regular file")))
            return .hole
        }
        guard !isRefused else {
            scheduler.counters.failedReads.add(1, ordering: .relaxed)
            completion(
                .failure(HermesError(.corrupt, "the index \(index) was refused: it does not describe the image")))
            return .hole
        }
        let length = min(Int64(count), record.size - min(offset, record.size))
        guard length > 0 else {
            completion(.success(UnsafeRawBufferPointer(start: nil, count: 0)))
            return .hole
        }
        guard !record.isSparse else { return readSparse(record, offset: offset, count: length, completion) }
        let start = record.data + offset
        return readLayer(Int(record.layer), start..<start + length, completion)
    }

    /// Whether the cache has all bytes of a range of a regular file. The range lies inside the file, and is not empty.
    func isPresent(_ record: InodeRecord, _ range: Range<Int64>) -> Bool {
        let layer = cached[Int(record.layer)]
        guard record.isSparse else { return layer.holds(record.data + range.lowerBound, range.count, touched: nil) }
        return (0..<Int(record.extentCount)).allSatisfy { index in
            let extent = tree.extents[Int(record.data) + index]
            let part = range.clamped(to: extent.offset..<extent.offset + extent.length)
            let start = extent.data + part.lowerBound - extent.offset
            return part.isEmpty || layer.holds(start, part.count, touched: nil)
        }
    }

    /// Reads a range of an uncompressed layer: from the cache if it is all there, else through the scheduler.
    func readLayer(
        _ layer: Int, _ range: Range<Int64>, _ completion: @escaping ParkedRead.Completion
    ) -> ReadSource {
        guard cached[layer].holds(range.lowerBound, range.count, touched: nil) else {
            scheduler.read(layer: layer, range: range, completion: completion)
            return .fetch
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { buffer.deallocate() }
        do {
            guard try layers[layer].store.data.read(into: buffer, at: range.lowerBound) == range.count else {
                throw HermesError(.corrupt, "\(layers[layer].store.data.path) is too short")
            }
        } catch {
            scheduler.counters.failedReads.add(1, ordering: .relaxed)
            completion(.failure(error as? HermesError ?? HermesError(.io, "cannot read the cache", cause: error)))
            return .cache
        }
        completion(.success(UnsafeRawBufferPointer(buffer)))
        return .cache
    }

    /// Reads from a file, and waits for absent spans. Returns fewer bytes than `buffer` has only at the file's end.
    ///
    /// Not for threads that answer reads: they would wait for each other.
    package func readBlocking(inode: UInt64, offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let target = Target(buffer: buffer)
        let done = Monitor<Result<Int, HermesError>?>(nil)
        read(inode: inode, offset: offset, count: buffer.count) { result in
            // At most as many bytes as were asked for, while the caller waits with its buffer.
            let count = result.map { bytes in
                target.buffer.copyMemory(from: bytes)
                return bytes.count
            }
            done.withLock {
                $0.value = count
                $0.broadcast()
            }
        }
        return try done.withLock { held in
            while true {
                if let result = held.value { return try result.get() }
                held.wait()
            }
        }
    }

    private struct Target: @unchecked Sendable {
        let buffer: UnsafeMutableRawBufferPointer
    }
}
