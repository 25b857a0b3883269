import CLinux
import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// A holder with real sockets; a pipe stands for the kernel's connection, as its end is seen by poll(2) in the same way.
@Suite struct HolderTests {
    private let folder: TestFolder
    private let worker: HolderSocket
    private let thread: SystemThread
    private var path: String { folder.path + "/holder" }

    /// A holder that runs on a thread of its own, as if this process had started it.
    init() throws {
        folder = try TestFolder()
        let (mine, its) = try Self.pair()
        worker = mine
        let path = folder.path + "/holder"
        thread = try SystemThread("holder") { try? Holder(its, path: path, patience: 60).run() }
        #expect(try worker.receive(within: 60_000).message == .ready)
    }

    private static func pair() throws -> (HolderSocket, HolderSocket) {
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        return (HolderSocket(owning: ends[0]), HolderSocket(owning: ends[1]))
    }

    private func pipe() throws -> (read: OpenFile, write: OpenFile) {
        var ends: [Int32] = [-1, -1]
        #expect(hermes_pipe(&ends) == 0)
        return (OpenFile(owning: ends[0], path: "pipe"), OpenFile(owning: ends[1], path: "pipe"))
    }

    /// Gives the holder the write end of a pipe as a mount's connection.
    private func give(_ mount: HeldMount, _ file: OpenFile) throws {
        try worker.send(.mount(try mount.encoded()), file)
        #expect(try worker.receive(within: 60_000).message == .ready)
    }

    /// Whether nobody listens at the path any more, when the thread has ended.
    private func hasEnded() throws -> Bool {
        thread.join()
        return access(path, F_OK) != 0
    }

    @Test func theNextProcessGetsTheMountAndItsConnection() throws {
        let mount = try HeldMountTests.mount()
        let read: OpenFile
        do {
            let ends = try pipe()
            read = ends.read
            try give(mount, ends.write)
        }
        try worker.send(.serving)
        shutdown(worker.descriptor, Int32(SHUT_RDWR))
        let found = try #require(try HolderLink.find(path))
        #expect(found.mount == mount)
        // It is the same pipe: what is written there arrives, although this test closed its own end.
        #expect(Glibc.write(found.file.descriptor, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(Glibc.read(read.descriptor, &byte, 1) == 1)
        #expect(byte == UInt8(ascii: "x"))
        #expect(fcntl(found.file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        // Without a reader the connection has ended, and then the holder ends with the process.
        try endByConnection(read, found.link)
    }

    @Test func aSecondProcessIsToldThatTheMountIsTaken() throws {
        let (read, write) = try pipe()
        try give(try HeldMountTests.mount(), write)
        let second = HolderSocket(owning: try UnixSocket.connect(path, type: SOCK_SEQPACKET))
        let (message, file) = try second.receive(within: 60_000)
        #expect(message == .busy)
        #expect(file == nil)
        withExtendedLifetime(read) {}
        shutdown(worker.descriptor, Int32(SHUT_RDWR))
        let third = try #require(try HolderLink.find(path))
        // What has no meaning is the end of the process that said it: the next one gets the mount.
        #expect(hermes_send_message(third.link.socket.descriptor, "hello", 5, -1) == 5)
        let fourth = try #require(try HolderLink.find(path))
        // Nor does a mount come without a connection.
        try fourth.link.socket.send(.mount([1]))
        let fifth = try #require(try HolderLink.find(path))
        #expect(fifth.mount == (try HeldMountTests.mount()))
        try endByConnection(read, fifth.link)
    }

    /// Ends the holder by the end of what stands for the connection.
    private func endByConnection(_ read: OpenFile, _ link: HolderLink) throws {
        // The descriptor stays open here, so its place is taken by one that is no pipe.
        let null = try OpenFile("/dev/null", O_RDONLY)
        #expect(dup2(null.descriptor, read.descriptor) >= 0)
        link.end()
        #expect(try hasEnded())
    }

    @Test func withoutAMountItEndsWithTheProcessThatStartedIt() throws {
        shutdown(worker.descriptor, Int32(SHUT_RDWR))
        #expect(try hasEnded())
        #expect(try HolderLink.find(path) == nil)
    }

    @Test func whereNobodyListensThereIsNoHolder() throws {
        #expect(try HolderLink.find(folder.path + "/none") == nil)
        // A socket that a killed holder left.
        let left = folder.path + "/left"
        close(try UnixSocket.listen(left, type: SOCK_SEQPACKET))
        #expect(try HolderLink.find(left) == nil)
        // Its name is free for the next one.
        let (mine, its) = try Self.pair()
        let holder = try Holder(its, path: left, patience: 60)
        #expect(try mine.receive(within: 60_000).message == .ready)
        withExtendedLifetime(holder) {}
        shutdown(worker.descriptor, Int32(SHUT_RDWR))
        #expect(try hasEnded())
    }

    @Test func oneDescriptorAtMostComesWithAMessage() throws {
        let (left, right) = try Self.pair()
        try left.send(.busy)
        let (message, file) = try right.receive(within: 60_000)
        #expect(message == .busy)
        #expect(file == nil)
        // Too long for any message.
        let long = [UInt8](repeating: 1, count: HolderMessage.longest + 1)
        #expect(hermes_send_message(left.descriptor, long, long.count, -1) == long.count)
        #expect(throws: HermesError.self) { try right.receive(within: 60_000) }
        #expect(throws: HermesError.self) { try right.receive(within: 0) }
        shutdown(worker.descriptor, Int32(SHUT_RDWR))
        #expect(try hasEnded())
    }
}
