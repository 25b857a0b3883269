import Glibc
import HermesController
import HermesCore
import HermesDaemon
import HermesSupport
import Logging

/// Does one kind of work for ever, a round at a time, writes a byte after each round, and kills itself in the middle of it:
/// `HermesTestChild WORK PATH MICROSECONDS`. `HermesTestChild say LINES MILLISECONDS` ends by itself: it says lines on
/// standard error, whose reader has so long at the end. `HermesTestChild crash-HOW PATH 0` ends in its own way, with the marks of a
/// daemon at PATH, while a thread runs code for the image `.of([1])`, and another thread, which waits, for `.of([2])`. `HermesTestChild bus PATH 0`
/// reads a mapped page of a file that has lost it, and that is not mended.
@main struct Main {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 4, let delay = UInt32(words[3]) else { exit(64) }
        switch words[1] {
        case "pairs-FULL", "pairs-NORMAL":
            guard let mode = SQLiteConnection.Synchronous(rawValue: String(words[1].dropFirst(6))) else { exit(64) }
            try pairs(words[2], mode, delay)
        case "snapshots": try snapshots(words[2], delay)
        case "lazy": try lazy(words[2], delay)
        case "folders": try folders(words[2], delay)
        case "artifacts": try artifacts(words[2], delay)
        case let work where work.hasPrefix("crash-"): try crash(words[2], by: String(work.dropFirst(6)))
        case "bus":
            let file = try OpenFile(words[2], O_RDWR)
            let mapped = try MappedFile(file)
            ftruncate(file.descriptor, 0)
            print(mapped.bytes[0])
        case "say": say(Int(words[2]) ?? 0)
        case "say-and-stay":
            say(Int(words[2]) ?? 0)
            while getchar() != EOF {}
        default: exit(64)
        }
    }

    private static let output: OutputWriter = {
        atexit { Main.output.flush(milliseconds: Int64(CommandLine.arguments[3]) ?? 0) }
        return OutputWriter(2) { "dropped \($0)\n" }
    }()

    /// Says so many lines of 100 bytes, then "said" on standard output.
    private static func say(_ count: Int) {
        for number in 0..<count {
            let text = "line \(number) "
            output.write(text + String(repeating: "x", count: 99 - text.utf8.count) + "\n")
        }
        print("said")
        fflush(nil)
    }

    /// Each transaction adds a row on both sides.
    private static func pairs(_ path: String, _ mode: SQLiteConnection.Synchronous, _ delay: UInt32) throws {
        let connection = try SQLiteConnection(path, synchronous: mode)
        for round in 1... {
            try connection.transaction {
                for side in ["left", "right"] {
                    try connection.run("INSERT INTO pair SELECT ?, count(*) FROM pair", .text(side))
                }
            }
            try finish(round, delay)
        }
    }

    /// Each round commits one more snapshot of a chain.
    private static func snapshots(_ path: String, _ delay: UInt32) throws {
        let store = try SnapshotStore(path)
        let start = try store.ids().keys.max() ?? 0
        var parent = ""
        for round in 1... {
            let name = "\(start + Int64(round))"
            let labels = ["round": name, "twice": name]
            _ = try store.create(.active, key: "a\(name)", parent: parent, labels: labels)
            parent = "c\(name)"
            try store.commit("a\(name)", as: parent, usage: .init(size: 1, inodes: 1), labels: labels)
            try finish(round, delay)
        }
    }

    /// Each round adds a lazy snapshot to a chain, and another beside it, which it removes.
    private static func lazy(_ path: String, _ delay: UInt32) throws {
        let store = try SnapshotStore(path)
        let start = try store.ids().keys.max() ?? 0
        var parent = ""
        for round in 1... {
            let name = "\(start)-\(round)"
            let base = LazyBase(image: .of([UInt8(round % 256)]), reference: "registry.example/app", layers: round)
            try store.addLazy("beside-\(name)", parent: parent, labels: ["round": name], base)
            try store.addLazy(name, parent: parent, labels: ["round": name], base)
            try store.remove("beside-\(name)")
            parent = name
            try finish(round, delay)
        }
    }

    /// Each round makes, commits and removes snapshots with their folders.
    private static func folders(_ path: String, _ delay: UInt32) throws {
        let log = Logger(label: "child") { _ in SwiftLogNoOpLogHandler() }
        let snapshotter = try OverlaySnapshotter(root: path, log: log)
        let start = Int64(Timestamp.now().nanosecondsSinceEpoch)
        for round in 1... {
            let name = "\(start)-\(round)"
            _ = try snapshotter.create(.active, key: "a\(name)", parent: "")
            try snapshotter.commit("a\(name)", as: "c\(name)")
            _ = try snapshotter.create(.active, key: "b\(name)", parent: "c\(name)")
            try snapshotter.remove("b\(name)")
            if round % 2 == 0 { try snapshotter.remove("c\(name)") }
            try finish(round, delay)
        }
    }

    /// Each round stores an image's index with two zTOCs, of which one is shared with the round before, and removes old ones.
    private static func artifacts(_ path: String, _ delay: UInt32) throws {
        let store = try ArtifactStore(path)
        let start = Int(try store.artifacts(before: nil, limit: 1).first?.id ?? 0)
        for round in 1... {
            let number = start + round
            let layers = try [number, number + 1].map { number in
                let writer = try store.blobWriter()
                for piece in 0..<20 {
                    try Array(repeating: UInt64(number * 100 + piece), count: 1000).withUnsafeBytes {
                        try writer.write($0)
                    }
                }
                let (digest, size) = try writer.finish()
                let blob = Descriptor(mediaType: "application/x", digest: .of([UInt8(number % 256)]), size: 1)
                return SOCIIndex.Layer(digest: digest, size: size, layer: blob, spanSize: 1, disableXattrs: true)
            }
            let key = try Artifact.Key(
                image: "registry.example/app\(number)@\(Digest.of([1]))", platform: "linux/amd64")
            let subject = Descriptor(mediaType: SOCIIndex.mediaType, digest: key.manifest, size: 1)
            let index = SOCIIndex(subject: subject, layers: layers).encoded()
            try store.finish(key, source: "app", config: nil, imageSize: nil, index: index, layers: layers)
            if round % 2 == 0 { _ = try store.collectGarbage(unusedFor: 1000, sizeBudget: 2_000_000) }
            try finish(round, delay)
        }
    }

    private static func crash(_ path: String, by how: String) throws {
        let marks = try CrashMarks(path)
        try marks.begin(memoryKills: 5)
        // What has ended leaves no mark, and what is nested none of its own.
        Digest.of([3]).serving {}
        let (isMarked, waits) = (Monitor(false), Monitor(false))
        _ = try SystemThread("waits") {
            Digest.of([2]).serving {
                isMarked.withLock {
                    $0.value = true
                    $0.broadcast()
                }
                waits.withLock { while !$0.value { $0.wait() } }
            }
        }
        isMarked.withLock { while !$0.value { $0.wait() } }
        if how == "sent" { kill(getpid(), SIGABRT) }
        let thread = try SystemThread("works") {
            Digest.of([1]).serving {
                Digest.of([3]).serving {}
                switch how {
                case "trap": _ = CommandLine.arguments[CommandLine.arguments.count]
                case "overflow": print(deep(1))
                case "abort": abort()
                case "kill": kill(getpid(), SIGKILL)
                case "exit":
                    marks.end()
                    _exit(0)
                default: exit(64)
                }
            }
        }
        thread.join()
    }

    /// Needs more stack than there is.
    private static func deep(_ depth: Int) -> Int { depth == 0 ? 0 : deep(depth + 1) &+ depth }

    private static func finish(_ round: Int, _ delay: UInt32) throws {
        var mark = UInt8(ascii: ".")
        guard write(1, &mark, 1) == 1 else { throw SystemError.last }
        // Only now, so that something is committed on a slow machine as well.
        guard round == 10 else { return }
        _ = try SystemThread("kill") {
            usleep(delay)
            kill(getpid(), SIGKILL)
        }
    }
}
