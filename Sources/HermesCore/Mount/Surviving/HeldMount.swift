import HermesSupport

/// What a later process has to know of a mount to go on with it. The holder keeps it without looking into it.
package struct HeldMount: Equatable, Sendable {
    /// The image's canonical name, and the platform that was asked for; nil for this machine's.
    package let reference: String
    package let platform: String?
    /// The manifest of the image, and the index that its tree was compiled from: inode numbers are those of that tree.
    package let manifest: Digest
    package let index: Digest
    let mount: MountID
    let initialization: FuseInit

    init(
        reference: String, platform: String?, manifest: Digest, index: Digest, mount: MountID, initialization: FuseInit
    ) {
        self.reference = reference
        self.platform = platform
        self.manifest = manifest
        self.index = index
        self.mount = mount
        self.initialization = initialization
    }
}

extension HeldMount {
    /// The record as JSON. A change of its meaning gets another number, as the reader may be another version of Hermes.
    private struct Record: Codable {
        static let currentFormat = 1
        var format: Int
        var reference: String
        var platform: String?
        var manifest: Digest
        var index: Digest
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
            reference: record.reference, platform: record.platform, manifest: record.manifest, index: record.index,
            mount: MountID(number: record.mount, device: record.device), initialization: initialization)
    }

    func encoded() throws -> [UInt8] {
        try JSON.encode(
            Record(
                format: Record.currentFormat, reference: reference, platform: platform, manifest: manifest,
                index: index,
                mount: mount.number, device: mount.device, initialization: Base64.encode(initialization.bytes)))
    }
}
