import HermesSupport

/// What a later process has to know of a mount to go on with it. The holder keeps it without looking into it.
package struct HeldMount: Equatable, Sendable {
    /// What a mount shows.
    enum Content: Equatable, Sendable {
        case image(HeldImage)
        /// The images of a node, of which the daemon's file of slots says more (`SlotsFile`).
        case node
    }

    /// Seconds that a holder keeps a mount that no process serves. An image's process is started again by hand, or by what the
    /// user set up. A daemon's may have to wait for its service manager, and all containers of a node would fail.
    static let imagePatience = 60
    static let nodePatience = 180

    let content: Content
    let mount: MountID
    let initialization: FuseInit
}

/// The one image of a mount that is held.
package struct HeldImage: Codable, Equatable, Sendable {
    /// The image's canonical name, and the platform that was asked for; nil for this machine's.
    package let reference: String
    package let platform: String?
    /// The manifest of the image, and the index that its tree was compiled from.
    package let manifest: Digest
    package let index: Digest
    /// The checksum of the tree, whose inode numbers the kernel has; nil in records of versions that did not keep it.
    package let tree: UInt64?
}

extension HeldMount {
    /// The record as JSON. A change of its meaning gets another number, as the reader may be another version of Hermes.
    private struct Record: Codable {
        static let currentFormat = 2
        var format: Int
        /// Absent for the mount of a node.
        var image: HeldImage?
        var mount: UInt64
        var device: UInt64
        /// Base64.
        var initialization: String
    }

    /// Reads a record. Throws `corrupt` for bytes that are none, `unsupported` for one of another format.
    init(decoding bytes: [UInt8]) throws {
        struct Format: Decodable { var format: Int }
        let name = "the record of a mount that a holder keeps"
        let format = try JSON.decode(Format.self, from: bytes, name: name).format
        guard format == Record.currentFormat else {
            throw HermesError(.unsupported, "\(name) has the format \(format), and not \(Record.currentFormat)")
        }
        let record = try JSON.decode(Record.self, from: bytes, name: name)
        guard let message = Base64.decode(record.initialization), let initialization = try? FuseInit(message),
            initialization.hasResend
        else { throw HermesError(.corrupt, "\(name) lacks the kernel's FUSE_INIT") }
        self.init(
            content: record.image.map { .image($0) } ?? .node,
            mount: MountID(number: record.mount, device: record.device), initialization: initialization)
    }

    func encoded() throws -> [UInt8] {
        var image: HeldImage?
        if case .image(let held) = content { image = held }
        return try JSON.encode(
            Record(
                format: Record.currentFormat, image: image, mount: mount.number, device: mount.device,
                initialization: Base64.encode(initialization.bytes)))
    }
}
