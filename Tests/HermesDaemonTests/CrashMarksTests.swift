import Glibc
import HermesCore
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

/// Real processes that end in every way, and what the next one reads of it.
@Suite struct CrashMarksTests {
    private let working = Digest.of([1])
    private let waiting = Digest.of([2])

    /// How a child ended that ended so; `memoryKills` is 5 at its start.
    private func end(_ how: String, memoryKills: UInt64 = 5) throws -> CrashMarks.End {
        let folder = try TestFolder()
        let path = "\(folder.path)/marks"
        #expect(try CrashMarks(path).lastEnd(memoryKills: 5) == nil)
        let script = "ulimit -c 0; \"$0\" \"$@\" 2>/dev/null; echo $?"
        let program = try TestChild.program()
        try TestProcess.run(
            ["sh", "-c", script, program, "crash-\(how)", path, "0"], environment: ["SWIFT_BACKTRACE": "enable=no"])
        return try #require(try CrashMarks(path).lastEnd(memoryKills: memoryKills))
    }

    @Test(arguments: ["trap", "overflow", "abort"]) func aFaultIsItsThreads(_ how: String) throws {
        let end = try end(how)
        #expect(end.isSudden && end.signal != nil)
        #expect(end.culprit == working)
        #expect(end.served == [working, waiting])
        #expect(end.blamed == [working])
    }

    /// As systemd's watchdog sends it.
    @Test func anAbortFromOutsideIsThatOfAllThatWork() throws {
        let end = try end("sent")
        #expect(end.signal == Int(SIGABRT) && end.culprit == nil)
        #expect(end.blamed == [waiting])
    }

    @Test func aKillCountsWhereMemoryWasShort() throws {
        let operators = try end("kill")
        #expect(operators.isSudden && operators.signal == nil && operators.served == [working, waiting])
        #expect(operators.blamed == [])
        #expect(try end("kill", memoryKills: 6).blamed == [working, waiting])
        // After a boot the kernel counts from zero.
        #expect(try end("kill", memoryKills: 0).blamed == [])
    }

    @Test func anOrderlyEndCountsForNothing() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/marks"
        try TestProcess.run([try TestChild.program(), "crash-exit", path, "0"])
        #expect(access(path, F_OK) != 0)
        #expect(try CrashMarks(path).lastEnd(memoryKills: 6) == nil)
        // Where the file could not be removed.
        let end = CrashMarks.End(isSudden: false, signal: 6, served: [working], isShortOfMemory: true)
        #expect(end.blamed == [])
    }

    @Test func theKernelsCountIsRead() {
        #expect(CrashMarks.memoryKills("nr_free_pages 1\noom_kill 42\noom_kill_x 3\n") == 42)
        #expect(CrashMarks.memoryKills("oom_kill none\n") == 0)
        #expect(CrashMarks.memoryKills("") == 0)
    }

    /// What earlier starts have counted holds, and a damaged file stands in nobody's way.
    @Test func theGuardReadsItsFile() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/crashes"
        let lines = LogLines()
        var record = CrashRecord(version: HermesVersion.current)
        record.crashed([working], now: Timestamp.now().seconds)
        record.crashed([working], now: Timestamp.now().seconds)
        try AtomicFile.write(try JSON.encode(record), to: path, temporaryIn: folder.path)
        let two = CrashGuard(path, marks: nil, log: lines.logger(.trace))
        #expect(!two.isAside(working))
        try two.check(working)
        record.crashed([working], now: Timestamp.now().seconds)
        try AtomicFile.write(try JSON.encode(record), to: path, temporaryIn: folder.path)
        let three = CrashGuard(path, marks: nil, log: lines.logger(.trace))
        #expect(three.isAside(working) && !three.isAside(waiting) && three.asideCount == 1)
        #expect(throws: HermesError.self) { try three.check(working) }
        #expect(lines.take().isEmpty)
        try AtomicFile.write(Array("{".utf8), to: path, temporaryIn: folder.path)
        #expect(!CrashGuard(path, marks: nil, log: lines.logger(.trace)).isAside(working))
        #expect(lines.take().map(\.level) == [.warning])
    }
}
