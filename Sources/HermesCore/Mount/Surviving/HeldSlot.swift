import HermesSupport

/// What a slot of a mount of many images shows: all that a later process needs to open the image again (`ImageSlots`).
package struct HeldSlot: Codable, Equatable, Sendable {
    /// The slot's number, in 1..<`ImageSlots.capacity`.
    package let slot: Int
    /// The name of the image's folder.
    package let name: String
    /// Where the image comes from.
    package let reference: String
    package let manifest: Digest
    /// The index that the tree was compiled from.
    package let index: Digest
    /// The checksum of the tree, whose inode numbers the kernel has; nil in files of versions that did not keep it.
    package let tree: UInt64?
    /// How many of the image's layers it shows, from the bottom.
    package let layers: Int
    /// Whether the name was taken away; the kernel may know its inodes still.
    package var isRemoved: Bool

    /// Whether all values are such as `ImageSlots` gives.
    var isValid: Bool {
        (1..<ImageSlots.capacity).contains(slot) && layers > 0 && !["", ".", ".."].contains(name)
            && name.utf8.count <= 255 && name.utf8.allSatisfy { $0 != 0 && $0 != UInt8(ascii: "/") }
    }
}
