import HermesSupport
import Testing

@testable import HermesBench

@Suite struct ReadPlanTests {
    private static let files = (0..<100).map { ReadPlan.File(path: Array("folder/\($0)".utf8), bytes: Int64($0)) }

    @Test func theOrderIsThatOfTheNamesAlone() throws {
        let plan = try ReadPlan(Self.files)
        #expect(try ReadPlan(Self.files.reversed()).files == plan.files)
        #expect(plan.files != Self.files && plan.files.count == 100)
        #expect(plan.bytes == 4950)
        // Its XXH64 is the smallest by an implementation of the specification in Python.
        #expect(plan.files.first.map { String(decoding: $0.path, as: UTF8.self) } == "folder/77")
    }

    @Test(arguments: [0.0001, 0.05, 0.1, 0.5, 0.75, 1])
    func aShareIsExact(share: Double) throws {
        let plan = try ReadPlan(Self.files)
        let read = plan.files(for: share)
        #expect(read.reduce(0) { $0 + $1.bytes } == plan.bytes(of: share))
        #expect(read.allSatisfy { $0.bytes > 0 })
        // Whole files but the last, and a larger share begins with a smaller one.
        let nonEmpty = plan.files.filter { $0.bytes > 0 }
        #expect(Array(read.dropLast()) == Array(nonEmpty.prefix(max(0, read.count - 1))))
    }

    @Test func theWholeIsAllFiles() throws {
        let plan = try ReadPlan(Self.files)
        #expect(plan.files(for: 1) == plan.files.filter { $0.bytes > 0 })
        #expect(plan.bytes(of: 1) == 4950)
    }

    @Test func sizesHaveAnEnd() {
        let file = { (path: String, bytes: Int64) in ReadPlan.File(path: Array(path.utf8), bytes: bytes) }
        #expect(throws: HermesError.self) { try ReadPlan([file("a", .max), file("b", .max)]) }
        #expect(throws: HermesError.self) { try ReadPlan([file("a", 1 << 60), file("b", 1)]) }
        #expect(throws: Never.self) { try ReadPlan([file("a", 1 << 60)]) }
    }
}
