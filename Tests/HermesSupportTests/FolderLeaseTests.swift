import Glibc
import HermesTestKit
import Testing

@testable import HermesSupport

/// Leases of a folder within one process, which exclude each other as those of two processes do.
@Suite struct FolderLeaseTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test func aLeaseThatIsGivenBackIsWaitedFor() throws {
        var held = FolderLease.alone(folder.path)
        #expect(held != nil)
        #expect(FolderLease.alone(folder.path) == nil)
        #expect(FolderLease.alone(folder.path, within: 50) == nil)
        let path = folder.path
        let waiting = Monitor((hasBegun: false, hasLease: Bool?.none))
        let thread = try SystemThread("waiting") {
            waiting.withLock {
                $0.value.hasBegun = true
                $0.broadcast()
            }
            let lease = FolderLease.alone(path, within: 60_000)
            waiting.withLock { $0.value.hasLease = lease != nil }
        }
        waiting.withLock { while !$0.value.hasBegun { $0.wait() } }
        // Long enough for a look that fails; one that comes later is right as well.
        usleep(50_000)
        #expect(waiting.withLock { $0.value.hasLease } == nil)
        held = nil
        thread.join()
        #expect(waiting.withLock { $0.value.hasLease } == true)
        #expect(FolderLease.alone(path) != nil)
    }
}
