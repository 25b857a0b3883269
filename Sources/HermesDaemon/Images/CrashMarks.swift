import CLinux
import Glibc
import HermesCore
import HermesSupport

/// The file that says which image each thread of the daemon runs code for (`Digest.serving`). It is mapped, so it outlives the process,
/// whatever ends it:
///
/// | offset | what |
/// |---|---|
/// | 0 | magic "HERMCRS1" |
/// | 8 | 1 from the start of a daemon to its orderly end |
/// | 16 | how many processes the kernel had killed for want of memory at the daemon's start |
/// | 24 | the signal of the fault that ended it; 0 for none |
/// | 32 | which thread had the fault, counted from 1, if it had a mark; else 0 |
/// | 64 | 64 bytes for each of 63 threads: 1 while it has a mark, the 32 bytes of the digest, the thread's ID (gettid), nothing |
///
/// All integers have 64 bits in the machine's byte order. A thread that gets no place, as 63 others have one, makes no marks.
package struct CrashMarks: @unchecked Sendable {
    private static let magic: UInt64 = 0x3153_5243_4d52_4548  // "HERMCRS1"

    /// Mapped for the life of the process.
    private let marks: UnsafeMutablePointer<hermes_crash_marks>
    private let path: String

    /// How a run of the daemon ended.
    struct End: Equatable {
        /// Whether it did not end in an orderly way.
        var isSudden: Bool
        /// The signal of the fault that ended it; nil for none.
        var signal: Int?
        /// The image whose code the thread ran that had the fault; nil where it ran none.
        var culprit: Digest?
        /// The images that some thread ran code for.
        var served: Set<Digest>
        /// Whether the kernel killed some process for want of memory since the run began.
        var isShortOfMemory: Bool

        /// The images that a crash counts for. SIGKILL leaves no signal here: one that the kernel did not send is an operator's, as is the
        /// loss of power, and counts for none.
        var blamed: Set<Digest> {
            guard isSudden, signal != nil || isShortOfMemory else { return [] }
            return signal != nil && culprit != nil ? Set([culprit].compactMap(\.self)) : served
        }
    }

    /// Opens the marks of the daemon of a root folder, an absolute path. Throws the file error, and as `PrivateFolder.make`.
    init(ofRoot root: String) throws {
        for folder in ["/run/hermes", "/run/hermes/crashes"] { try PrivateFolder.make(folder) }
        try self.init("/run/hermes/crashes/\(Digest.of(Array(root.utf8)).hex.prefix(32))")
    }

    /// Opens the marks at `path`, and makes them where there are none.
    package init(_ path: String) throws {
        let file = try OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        // The kernel kills a process that writes to a mapped hole where there is no room, so the file must have no hole.
        let failure = posix_fallocate(file.descriptor, 0, off_t(HERMES_CRASH_MARKS_SIZE))
        guard failure == 0 else { throw HermesError.file("create", path, SystemError(failure)) }
        guard let marks = hermes_crash_marks_map(file.descriptor) else {
            throw HermesError.file("map", path, .last)
        }
        self.marks = marks
        self.path = path
    }

    /// How the run before ended, if there was one. To be called before `begin`.
    func lastEnd(memoryKills: UInt64) -> End? {
        let last = marks.pointee
        guard last.magic == Self.magic else { return nil }
        let images = withUnsafeBytes(of: last.threads) { bytes in
            bytes.bindMemory(to: hermes_crash_mark.self).map { mark in
                mark.is_set == 1
                    ? Digest(sha256: (mark.image.0, mark.image.1, mark.image.2, mark.image.3)) : nil
            }
        }
        let culprit = Int(clamping: last.culprit) - 1
        return End(
            isSudden: last.is_running != 0, signal: last.signal == 0 ? nil : Int(clamping: last.signal),
            culprit: images.indices.contains(culprit) ? images[culprit] : nil,
            served: Set(images.compactMap(\.self)), isShortOfMemory: memoryKills > last.memory_kills)
    }

    /// Lets the threads of this process mark from here on, with no mark at first. To be called once in a process. Throws `system`.
    package func begin(memoryKills: UInt64) throws {
        marks.pointee = hermes_crash_marks()
        marks.pointee.memory_kills = memoryKills
        marks.pointee.is_running = 1
        marks.pointee.magic = Self.magic
        guard hermes_crash_marks_use(marks) == 0 else {
            throw HermesError(.system, "cannot catch the signals of faults", cause: SystemError.last)
        }
    }

    /// The end of this process is orderly, so there is nothing to tell the next one. Marks may go on.
    package func end() {
        marks.pointee.is_running = 0
        unlink(path)
    }

    /// How many processes the kernel has killed for want of memory since it was started (/proc/vmstat, "oom_kill"), those of a
    /// control group's limit included; 0 where it does not say.
    static func memoryKills() -> UInt64 {
        guard let bytes = try? LocalFile.read("/proc/vmstat", limit: 1 << 20) else { return 0 }
        return memoryKills(String(decoding: bytes, as: UTF8.self))
    }

    static func memoryKills(_ text: String) -> UInt64 {
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return UInt64(line.dropFirst(9)) ?? 0
        }
        return 0
    }
}
