import Glibc
import HermesCore

/// Files for readers that map what they read, in a folder that scripts/fuzz.sh makes in memory and removes.
enum FuzzFiles {
    /// The folder, $TMPDIR; compiled files appear there as well.
    static let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

    private static let path = folder + "/input"
    private static let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)

    /// The path of a file that holds `bytes`, until the next call.
    static func file(_ bytes: UnsafeRawBufferPointer) -> String {
        check(ftruncate(descriptor, 0) == 0, "cannot empty \(path)")
        check(pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count, "cannot fill \(path)")
        return path
    }
}
