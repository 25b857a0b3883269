import Glibc
import HermesSupport

/// A folder of its own for a moment, among the machine's temporary files.
enum BenchFolder {
    /// Makes it, for its owner alone. Throws the error of the failed call.
    static func make() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hermes-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HermesError.file("make a folder in", parent, .last) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Detaches what benches that were killed left mounted in such folders, for it keeps their images in use, and removes the folders.
    /// What cannot be detached is left, and so is a path with blanks.
    static func clear() {
        let table = (try? LocalFile.read("/proc/self/mountinfo", limit: 64 << 20)) ?? []
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
            // The place is the fifth field (proc(5)).
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 4, let name = fields[4].split(separator: "/").last, isName(name) else { continue }
            let path = String(fields[4])
            while umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 {}
            rmdir(path)
        }
    }

    private static func isName(_ name: Substring) -> Bool {
        name.hasPrefix("hermes-bench.") && name.utf8.count == "hermes-bench.XXXXXX".utf8.count
    }
}
