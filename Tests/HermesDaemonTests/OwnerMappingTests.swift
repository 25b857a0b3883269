import Testing

@testable import HermesDaemon

/// The labels by which containerd asks for mapped owners.
@Suite struct OwnerMappingTests {
    private func mapping(_ users: String?, _ groups: String?) throws -> OwnerMapping? {
        var labels = ["other": "label"]
        labels[OwnerMapping.usersLabel] = users
        labels[OwnerMapping.groupsLabel] = groups
        return try OwnerMapping(labels)
    }

    @Test func rootIsFound() throws {
        let one = try #require(try mapping("0:100000:65536", "0:200000:65536"))
        #expect(one.root == (100_000, 200_000))
        #expect(one.options == ["uidmap=0:100000:65536", "gidmap=0:200000:65536"])
        let several = try #require(try mapping("1:1:9,0:100000:1", "0:4294967295:1"))
        #expect(several.root == (100_000, UInt32.max))
        #expect(try mapping(nil, nil)?.root == nil)
    }

    @Test(arguments: [
        "", "0", "0:1", "0:1:2:3", "0:1:0", "0:-1:1", "a:1:1", "0:1:1,", "1:100000:65536", "0:4294967295:2",
        "4294967295:0:2",
        "0:4294967296:1", "0:1:1,x", "0x0:1:1", " 0:1:1",
    ]) func anythingElseIsRefused(_ text: String) {
        let good = "0:1:1"
        for (users, groups) in [(text, good), (good, text), (nil, good), (good, nil)] {
            let error = #expect(throws: SnapshotError.self) { try mapping(users, groups) }
            #expect(error?.kind == .invalidArgument)
        }
    }
}
