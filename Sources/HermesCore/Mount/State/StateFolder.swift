import Glibc
import HermesSupport
import Synchronization

/// The hidden folder `.hermes` at a mount's root: files whose contents are made when they are asked for.
///
/// The folder is found by its name and listed nowhere, so that no program that walks the image meets it. An image that
/// has a `.hermes` of its own keeps that. Only the user that mounted the image may look inside.
///
/// Safe for use from any thread.
final class StateFolder: Sendable {
    /// A file of the folder.
    enum File: Int, CaseIterable {
        case state, metrics

        var name: StaticString {
            switch self {
            case .state: "state.json"
            case .metrics: "metrics"
            }
        }

        /// Its inode number.
        var number: UInt64 { StateFolder.number + 1 + UInt64(rawValue) }
    }

    /// The folder's name.
    static let name: StaticString = ".hermes"
    /// The folder's inode number. A tree has at most 2^32 inodes, so it has none of these.
    static let number: UInt64 = 1 << 63

    private struct Contents {
        var snapshot = StateSnapshot()
        var bytes: [UInt8] = []
        var time = Timestamp.now()
    }

    /// When the image was mounted.
    let mounted = Timestamp.now()
    private let contents = Mutex(Array(repeating: Contents(), count: File.allCases.count))

    /// The file with an inode number.
    static func file(_ number: UInt64) -> File? { File.allCases.first { $0.number == number } }

    /// The file with a name.
    static func file(named name: UnsafePointer<CChar>) -> File? {
        File.allCases.first { isEqual(name, $0.name) }
    }

    /// Whether a NUL-terminated name is `text`.
    static func isEqual(_ name: UnsafePointer<CChar>, _ text: StaticString) -> Bool {
        // A static string is NUL-terminated.
        strcmp(name, UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
    }

    /// Takes note of an access to a file, makes its contents anew with `make` where that is due, and calls `body` with
    /// the contents and the time at which they were made.
    func withContents<Result>(
        _ file: File, _ access: StateSnapshot.Access, make: () -> [UInt8], _ body: ([UInt8], Timestamp) -> Result
    ) -> Result {
        let (bytes, time) = contents.withLock { contents in
            if contents[file.rawValue].snapshot.renews(access, now: .now()) {
                contents[file.rawValue].bytes = make()
                contents[file.rawValue].time = .now()
            }
            return (contents[file.rawValue].bytes, contents[file.rawValue].time)
        }
        return body(bytes, time)
    }

    /// The attributes of the folder.
    func folderAttributes() -> stat {
        attributes(Self.number, S_IFDIR | 0o500, size: 4096, links: 2, mounted)
    }

    /// The attributes of a file with `size` bytes.
    func attributes(_ file: File, size: Int, _ time: Timestamp) -> stat {
        attributes(file.number, S_IFREG | 0o400, size: size, links: 1, time)
    }

    private func attributes(_ number: UInt64, _ mode: UInt32, size: Int, links: UInt, _ time: Timestamp) -> stat {
        var status = stat()
        status.st_ino = UInt(number)
        status.st_mode = mode
        status.st_nlink = links
        status.st_uid = geteuid()
        status.st_gid = getegid()
        status.st_size = size
        // The C library takes this size for its buffers, so that such a file is read with one read.
        status.st_blksize = 128 << 10
        status.st_blocks = (size + 4095) / 4096 * 8
        status.st_mtim = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        status.st_ctim = status.st_mtim
        status.st_atim = status.st_mtim
        return status
    }
}
