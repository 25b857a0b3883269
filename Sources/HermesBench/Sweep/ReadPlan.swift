import HermesSupport

/// Which bytes of an image are read for a share of it: the same for each snapshotter and round.
///
/// The order of the files is that of the XXH64 of their paths, so it is as good as random, and no folder or layer comes before
/// another.
struct ReadPlan: Sendable {
    /// The first `bytes` bytes of a regular file.
    struct File: Sendable, Equatable {
        /// From the root, without a slash at its begin, as the file system has it.
        var path: [UInt8]
        var bytes: Int64
    }

    /// All files in their order.
    let files: [File]
    /// The bytes of all files.
    let bytes: Int64

    /// `files` are whole, in any order, and have 0 bytes or more each. Throws `unsupported` where their sum is beyond 2^60 bytes.
    init(_ files: [File]) throws {
        let keyed = files.map { file in (key: file.path.withUnsafeBytes(Self.key), file: file) }
        self.files = keyed.sorted {
            $0.key == $1.key ? $0.file.path.lexicographicallyPrecedes($1.file.path) : $0.key < $1.key
        }.map(\.file)
        var sum: Int64 = 0
        for file in files {
            let (next, isOver) = sum.addingReportingOverflow(file.bytes)
            guard !isOver, next <= 1 << 60 else {
                throw HermesError(.unsupported, "the files of the image claim to have more than 2^60 bytes")
            }
            sum = next
        }
        bytes = sum
    }

    private static func key(_ path: UnsafeRawBufferPointer) -> UInt64 {
        var hash = XXH64()
        hash.update(path)
        return hash.finish()
    }

    /// What is read for a share from 0 to 1 of the bytes: whole files, and a part of the last one.
    func files(for share: Double) -> [File] {
        var left = bytes(of: share)
        var result: [File] = []
        for file in files where file.bytes > 0 {
            guard left > 0 else { break }
            result.append(File(path: file.path, bytes: min(file.bytes, left)))
            left -= min(file.bytes, left)
        }
        return result
    }

    /// The bytes of a share from 0 to 1.
    func bytes(of share: Double) -> Int64 { share < 1 ? Int64((Double(bytes) * share).rounded()) : bytes }
}
