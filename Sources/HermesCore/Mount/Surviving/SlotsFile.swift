import HermesSupport

/// The file that says which slot of a mount shows what: JSON, bound to one mount of one run of the kernel.
///
/// It is replaced whole, before a slot is visible to the kernel and after one is free. So it has every slot of which the kernel
/// may have inodes.
struct SlotsFile: Equatable {
    let mount: MountID
    let boot: BootID
    /// By their number, which no two share.
    let slots: [HeldSlot]

    /// Bytes of the longest file: 4,096 slots with long names.
    static let longest = 16 << 20

    init(mount: MountID, boot: BootID, slots: [HeldSlot]) {
        self.mount = mount
        self.boot = boot
        self.slots = slots
    }

    private struct Record: Codable {
        static let currentFormat = 1
        var format: Int
        var boot: String
        var mount: UInt64
        var device: UInt64
        var slots: [HeldSlot]
    }

    /// Reads a file. `name` is for messages. Throws `unsupported` for another format, `corrupt` for anything that was not
    /// written by `encoded`.
    init(decoding bytes: [UInt8], name: String) throws {
        struct Format: Decodable { var format: Int }
        let format = try JSON.decode(Format.self, from: bytes, name: name).format
        guard format == Record.currentFormat else {
            throw HermesError(.unsupported, "\(name) has the format \(format), and not \(Record.currentFormat)")
        }
        let record = try JSON.decode(Record.self, from: bytes, name: name)
        guard let boot = BootID(record.boot) else { throw HermesError(.corrupt, "\(name) has no boot ID") }
        // Removed images may have had a name that another one has now.
        let names = record.slots.filter { !$0.isRemoved }.map(\.name)
        guard record.slots.allSatisfy(\.isValid), Set(record.slots.map(\.slot)).count == record.slots.count,
            Set(names).count == names.count
        else { throw HermesError(.corrupt, "\(name) has slots that cannot be") }
        self.init(
            mount: MountID(number: record.mount, device: record.device), boot: boot,
            slots: record.slots.sorted { $0.slot < $1.slot })
    }

    func encoded() throws -> [UInt8] {
        try JSON.encode(
            Record(
                format: Record.currentFormat, boot: "\(boot)", mount: mount.number, device: mount.device, slots: slots))
    }
}
