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
    /// FUSE_ALLOW_IDMAP is bit 40.
    private static let allowsMapping: UInt32 = 1 << (40 - 32)

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

    /// An answer to this message, with what libfuse 3.14 does not know: mounts of this file system may map its owners
    /// (FUSE_ALLOW_IDMAP: version 7.41, Linux 6.12). Where the kernel does not offer it, the answer stays as it is.
    ///
    /// `fuse_out_header` has 16 bytes; `fuse_init_out` begins with 12 others before `flags`, and has `flags2` at 32.
    func allowingMapping(_ answer: [UInt8]) -> [UInt8] {
        guard bytes.count >= Self.shortest + 4, word(52) & Self.isExtended != 0, word(56) & Self.allowsMapping != 0,
            answer.count >= 16 + 36
        else { return answer }
        var answer = answer
        answer.withUnsafeMutableBytes { bytes in
            for (offset, flag) in [(16 + 12, Self.isExtended), (16 + 32, Self.allowsMapping)] {
                let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                bytes.storeBytes(of: word | flag, toByteOffset: offset, as: UInt32.self)
            }
        }
        return answer
    }

    /// The machine's integer at an offset, of which the caller knows that it and three more bytes are there.
    private func word(_ offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
}
