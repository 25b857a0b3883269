import HermesSupport
import Synchronization

extension LazyImage {
    /// Reads a range of a sparse file: runs of data from its layer, zeros between them. Returns where they come from.
    func readSparse(
        _ record: InodeRecord, offset: Int64, count: Int64, _ completion: @escaping ParkedRead.Completion
    ) -> ReadSource {
        var source = ReadSource.hole
        let wanted = offset..<offset + count
        let gathered = GatheredRead(count: Int(count), completion)
        for index in 0..<Int(record.extentCount) {
            let extent = tree.extents[Int(record.data) + index]
            let part = wanted.clamped(to: extent.offset..<extent.offset + extent.length)
            guard !part.isEmpty else { continue }
            gathered.expect()
            let start = extent.data + part.lowerBound - extent.offset
            let came = readLayer(Int(record.layer), start..<start + Int64(part.count)) { result in
                gathered.arrived(result, at: Int(part.lowerBound - offset))
            }
            if source != .fetch { source = came }
        }
        gathered.arrived(damage.map { .failure($0) }, at: 0)
        return source
    }
}

/// Puts the parts of one read together; the parts arrive on any thread, in any order.
private final class GatheredRead: @unchecked Sendable {
    private let buffer: UnsafeMutableRawBufferPointer
    private let completion: ParkedRead.Completion
    private struct Progress {
        // The caller's own part: the read is whole only after all parts were asked for.
        var missing = 1
        var error: HermesError?
    }
    private let progress = Mutex(Progress())

    init(count: Int, _ completion: @escaping ParkedRead.Completion) {
        buffer = .allocate(byteCount: count, alignment: 16)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        self.completion = completion
    }

    deinit { buffer.deallocate() }

    func expect() { progress.withLock { $0.missing += 1 } }

    func arrived(_ result: Result<UnsafeRawBufferPointer, HermesError>?, at offset: Int) {
        var failure: HermesError?
        switch result {
        case .success(let bytes):
            // Parts do not overlap and lie inside the buffer: extents were checked when the tree was compiled.
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + bytes.count]).copyMemory(
                from: bytes)
        case .failure(let error): failure = error
        case nil: break
        }
        let (isWhole, error) = progress.withLock { progress in
            progress.missing -= 1
            progress.error = progress.error ?? failure
            return (progress.missing == 0, progress.error)
        }
        guard isWhole else { return }
        completion(error.map { .failure($0) } ?? .success(UnsafeRawBufferPointer(buffer)))
    }
}
