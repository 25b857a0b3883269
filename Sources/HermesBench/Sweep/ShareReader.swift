import Glibc
import HermesSupport

/// Reads files as a program does that has a few threads.
enum ShareReader {
    /// Bytes of one read(2).
    private static let chunk = 256 << 10

    /// Reads the begin of each file, as long as it says: in their order, four files at a time at most. `check` is called before
    /// each read, on any thread. Throws what it throws, the file error of a file, and `corrupt` for one that is shorter.
    static func read(
        _ files: [ReadPlan.File], of root: OpenFile, check: @escaping @Sendable () throws -> Void
    ) throws {
        try SystemThread.each("hermes-sweep", Array(files.indices)) { try read(files[$0], of: root, check) }
    }

    private static func read(_ file: ReadPlan.File, of root: OpenFile, _ check: () throws -> Void) throws {
        // A device or a pipe in the file's place would hold up the open.
        let source = try ImageFiles.open(file.path, of: root, O_RDONLY | O_NONBLOCK)
        try withUnsafeTemporaryAllocation(byteCount: chunk, alignment: 4096) { buffer in
            var done: Int64 = 0
            while done < file.bytes {
                try check()
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(chunk), file.bytes - done))])
                let count = try source.read(into: part, at: done)
                guard count == part.count else {
                    throw HermesError(
                        .corrupt, "\(source.path) ends after \(done + Int64(count)) bytes, and not after \(file.bytes)")
                }
                done += Int64(count)
            }
        }
    }
}
