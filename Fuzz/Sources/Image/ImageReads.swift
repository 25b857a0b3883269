import Glibc

@testable import HermesCore
@testable import HermesSupport

/// Reads of an open image, many at once, as the kernel sends them.
enum ImageReads {
    struct Read {
        let inode: UInt64
        let offset: Int64
        let count: Int
    }

    /// The results of the reads, in their order.
    static func all(_ reads: [Read], from lazy: LazyImage) -> [Result<[UInt8], HermesError>] {
        let results = Monitor<[Int: Result<[UInt8], HermesError>]>([:])
        for (number, read) in reads.enumerated() {
            lazy.read(inode: read.inode, offset: read.offset, count: read.count) { result in
                let bytes = result.map { Array($0) }
                results.withLock { held in
                    check(held.value.updateValue(bytes, forKey: number) == nil, "a read is answered twice")
                    held.broadcast()
                }
            }
        }
        // A read that is never answered is libFuzzer's to report (-timeout).
        return results.withLock { held in
            while held.value.count < reads.count { held.wait() }
            return reads.indices.compactMap { held.value[$0] }
        }
    }

    /// Reads each file whole and in part. What comes is right; only where `mayFail`, some may not come.
    static func compare(_ contents: [UInt64: [UInt8]], of lazy: LazyImage, seed: Int, mayFail: Bool) {
        var reads: [Read] = []
        for (inode, content) in contents {
            let start = content.count * (seed % 16) / 16
            reads.append(Read(inode: inode, offset: Int64(start), count: content.count / (seed / 16 + 1)))
            reads.append(Read(inode: inode, offset: 0, count: content.count + 1))
        }
        for (read, result) in zip(reads, all(reads, from: lazy)) {
            let content = contents[read.inode] ?? []
            switch result {
            case .success(let bytes):
                check(content.dropFirst(Int(read.offset)).prefix(read.count).elementsEqual(bytes), "wrong bytes")
            case .failure(let error): check(mayFail, "a read failed: \(error)")
            }
        }
    }

    /// Reads parts of the first files of an image whose index may lie, whatever comes.
    static func tryAll(of lazy: LazyImage) {
        var reads: [Read] = []
        for number in 1...UInt64(min(lazy.tree.inodeCount, 40)) {
            guard let record = lazy.tree.inode(number)?.pointee, record.mode & S_IFMT == S_IFREG else { continue }
            reads.append(Read(inode: number, offset: 0, count: 64 << 10))
            reads.append(Read(inode: number, offset: max(0, record.size - 1000), count: 2000))
        }
        for case .failure(let error) in all(reads, from: lazy) { check(!error.description.isEmpty, "no text") }
    }

    /// Fetches all that is absent, and waits until all is here or given up.
    static func fill(_ lazy: LazyImage) {
        let done = Monitor(false)
        lazy.scheduler.fill {
            done.withLock {
                $0.value = true
                $0.broadcast()
            }
        }
        done.withLock { held in
            while !held.value { held.wait() }
        }
    }
}
