import Glibc
import HermesSupport
import Testing

@testable import HermesDaemon

/// The threads of this process, and texts as the kernel writes them.
@Suite(.timeLimit(.minutes(5))) struct ThreadStackTests {
    @Test func textsOfTheKernel() throws {
        let thread = try #require(
            ThreadStack(
                id: 7, status: "7 (a) b (c)) S 1 2 3\n", call: "202 0x1 0x2\n",
                stack: "[<0>] futex_wait+0x69/0x110\n[<0>] do_futex+0xc2/0x1a0\n"))
        #expect(thread.name == "a) b (c)" && thread.state == "S" && thread.call == "202")
        #expect(thread.stack == "futex_wait < do_futex")
        #expect(ThreadStack(id: 7, status: "7 (a) R", call: "running\n", stack: "")?.call == "running")
        for text in ["", "7", ")(", "7 (a)", "7 (a"] {
            #expect(ThreadStack(id: 7, status: text, call: "", stack: "") == nil)
        }
        let long = ThreadStack(
            id: 7, status: "7 (a) R", call: "", stack: String(repeating: "[<0>] x\n", count: 10_000))
        #expect(try #require(long).stack.utf8.count <= ThreadStack.longest + 3)
    }

    @Test func aThreadThatWaitsIsTold() throws {
        let gate = Monitor(false)
        let thread = try SystemThread("stuck-thread") { gate.withLock { while !$0.value { $0.wait() } } }
        defer {
            gate.withLock {
                $0.value = true
                $0.broadcast()
            }
            thread.join()
        }
        // Until it has come to its wait.
        while true {
            let all = ThreadStack.all()
            #expect(all.contains { $0.id == Int(getpid()) })
            guard let found = all.first(where: { $0.name == "stuck-thread" }), found.state == "S" else {
                usleep(10_000)
                continue
            }
            // Only root is told in which functions.
            if geteuid() == 0, !found.stack.isEmpty { #expect(found.stack.contains("futex")) }
            return
        }
    }
}
