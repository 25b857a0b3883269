import HermesSupport

/// The kernel's first message on a FUSE connection, FUSE_INIT, byte for byte (include/uapi/linux/fuse.h).
///
/// | offset | field |
/// |---|---|
/// | 0, 4 | length and opcode of `fuse_in_header`, whose other fields end at 40 |
/// | 40, 44 | `major` and `minor` of `fuse_init_in`, the protocol's version |
/// | 52 | `flags` |
/// | 56 | `flags2`, the flags from bit 32 on: sent where `flags` has FUSE_INIT_EXT |
struct FuseInit: Equatable {
    /// The message.
    let bytes: [UInt8]

    private static let opcode: UInt32 = 26
    private static let shortest = 56
    /// Bytes that no kernel's message reaches.
    static let longest = 4096
    private static let isExtended: UInt32 = 1 << 30
    /// FUSE_HAS_RESEND is bit 39.
    private static let hasResend: UInt32 = 1 << (39 - 32)

    /// Reads a message. Throws `corrupt` for one that is not a whole FUSE_INIT.
    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard (Self.shortest...Self.longest).contains(bytes.count), word(0) == bytes.count, word(4) == Self.opcode
        else {
            throw HermesError(.corrupt, "a message of \(bytes.count) bytes is not the kernel's FUSE_INIT")
        }
    }

    /// Whether the kernel can send requests again that it sent to a process that is gone (FUSE_NOTIFY_RESEND: version 7.40,
    /// Linux 6.9).
    var hasResend: Bool {
        word(40) == 7 && word(44) >= 40 && bytes.count >= Self.shortest + 4
            && word(52) & Self.isExtended != 0 && word(56) & Self.hasResend != 0
    }

    /// The machine's integer at an offset, of which the caller knows that it and three more bytes are there.
    private func word(_ offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
}
