import HermesSupport
import HermesTestKit
import Testing

@Suite struct ThreadOwnerTests {
    @Test func anotherThreadIsNoticed() async throws {
        let (before, own, other) = try await onBlockingThread {
            let owner = ThreadOwner()
            let seen = Monitor<[Bool]>([owner.isOwned])
            try SystemThread("owner") {
                owner.adopt()
                owner.assertOwned()
                seen.withLock { $0.value.append(owner.isOwned) }
            }.join()
            seen.withLock { $0.value.append(owner.isOwned) }
            return seen.withLock { ($0.value[0], $0.value[1], $0.value[2]) }
        }
        #expect(before && own && !other)
    }
}
