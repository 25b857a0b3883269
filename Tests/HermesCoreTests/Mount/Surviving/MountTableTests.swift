import Testing

@testable import HermesCore

/// The text of /proc/self/mountinfo, as proc(5) describes it.
@Suite struct MountTableTests {
    private let text = """
        22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
        40 22 0:50 / /mnt/a ro,nosuid shared:7 master:1 - fuse.hermes registry/app:1 ro,user_id=0
        41 40 0:51 / /mnt/a rw - tmpfs over rw
        42 22 0:52 / /mnt/with\\040blank\\134 rw - fuse.hermes x rw
        43 22 0:53 / /mnt/short rw
        44 22 0:54 / /mnt/shorter rw -

        """

    @Test func theUppermostMountCounts() {
        #expect(MountTable.type(at: "/", in: text) == "ext4")
        #expect(MountTable.type(at: "/mnt/a", in: text) == "tmpfs")
        #expect(MountTable.type(at: "/mnt/with blank\\", in: text) == "fuse.hermes")
        #expect(MountTable.type(at: "/mnt", in: text) == nil)
    }

    @Test func aLineThatIsCutHasNoType() {
        #expect(MountTable.type(at: "/mnt/short", in: text) == nil)
        #expect(MountTable.type(at: "/mnt/shorter", in: text) == nil)
    }
}
