import Glibc
import HermesSupport
import HermesTestKit
import Testing

/// Files whose pages go while they are mapped, which the kernel answers like a disk that fails: with SIGBUS.
@Suite struct MappedFileTests {
    private let page = sysconf(Int32(_SC_PAGESIZE))

    /// A file of three pages of sevens in a folder.
    private func file(_ folder: TestFolder) throws -> OpenFile {
        let file = try OpenFile("\(folder.path)/file", O_RDWR | O_CREAT)
        try [UInt8](repeating: 7, count: 3 * page).withUnsafeBytes { try file.write($0, at: 0) }
        return file
    }

    @Test func aPageThatIsGoneReadsAsZerosAndIsSaid() throws {
        let folder = try TestFolder()
        let file = try file(folder)
        let mapped = try MappedFile(file, isMended: true)
        let other = try MappedFile(try self.file(try TestFolder()), isMended: true)
        #expect(mapped.bytes[2 * page] == 7 && !mapped.isBroken)
        try mapped.checkRead()
        #expect(ftruncate(file.descriptor, off_t(page)) == 0)
        #expect(mapped.bytes[2 * page + 5] == 0)
        #expect(mapped.isBroken)
        // The other pages, the other files.
        #expect(mapped.bytes[page - 1] == 7 && other.bytes[2 * page] == 7 && !other.isBroken)
        #expect(mapped.bytes[page] == 0)
        let error = #expect(throws: HermesError.self) { try mapped.checkRead() }
        #expect(error?.code == .io)
        try other.checkRead()
        // A mapping that has the same place in the table is not broken for that.
        for _ in 0..<3000 { #expect(try !MappedFile(file, isMended: true).isBroken) }
    }

    @Test func aPageThatIsGoneCanBeWritten() throws {
        let folder = try TestFolder()
        let file = try file(folder)
        let mapped = try MappedFile(file, writable: true, isMended: true)
        #expect(ftruncate(file.descriptor, 0) == 0)
        mapped.bytes[page] = 1
        #expect(mapped.bytes[page] == 1 && mapped.isBroken)
    }

    @Test func manyThreadsReadWhileItGoes() throws {
        let folder = try TestFolder()
        let file = try file(folder)
        let mapped = try MappedFile(file, isMended: true)
        #expect(ftruncate(file.descriptor, 0) == 0)
        try SystemThread.each("read", Array(0..<64)) { number in
            // Whoever sees a zero is told.
            let byte = mapped.bytes[(number % 3) * sysconf(Int32(_SC_PAGESIZE))]
            #expect(byte == 0 && mapped.isBroken)
        }
    }

    /// 135 is the shell's word for SIGBUS.
    @Test func whatIsNotMendedEndsTheProcess() throws {
        let folder = try TestFolder()
        let file = try file(folder)
        let script = "ulimit -c 0; \"$0\" \"$@\" 2>/dev/null; test $? = 135"
        try TestProcess.run(
            ["sh", "-c", script, try TestChild.program(), "bus", file.path, "0"],
            environment: ["SWIFT_BACKTRACE": "enable=no"])
    }
}
