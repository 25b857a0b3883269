import HermesSupport
import Testing

@testable import HermesCore

/// Against `struct fuse_in_header` and `struct fuse_init_in` of the kernel's include/uapi/linux/fuse.h.
@Suite struct FuseInitTests {
    /// The message of a kernel of version 7.`minor`: 64 bytes behind the header of 40.
    static func message(minor: UInt32 = 40, flags: UInt32 = 1 << 30, flags2: UInt32 = 1 << 7, major: UInt32 = 7)
        -> [UInt8]
    {
        let words: [UInt32] =
            [104, 26, 2, 0, 0, 0, 0, 0, 0, 0] + [major, minor, 131_072, flags, flags2] + Array(repeating: 0, count: 11)
        return words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } }
    }

    @Test func theKernelSaysWhetherItSendsAgain() throws {
        #expect(try FuseInit(Self.message()).hasResend)
        #expect(try FuseInit(Self.message(minor: 45)).hasResend)
        #expect(try !FuseInit(Self.message(minor: 39)).hasResend)
        #expect(try !FuseInit(Self.message(major: 8)).hasResend)
        // Without FUSE_INIT_EXT the second word of flags means nothing.
        #expect(try !FuseInit(Self.message(flags: ~(1 << 30))).hasResend)
        #expect(try !FuseInit(Self.message(flags2: ~(1 << 7))).hasResend)
    }

    @Test func anOldKernelHasNoSecondFlags() throws {
        var bytes = Array(Self.message().prefix(56))
        bytes[0] = 56
        #expect(try !FuseInit(bytes).hasResend)
    }

    @Test func theAnswerAllowsMappedOwnersWhereTheKernelCan() throws {
        // fuse_out_header, then fuse_init_out: `flags` is its fourth word, `flags2` its ninth.
        let words: [UInt32] =
            [80, 0, 2, 0] + [7, 45, 131_072, 1 << 5, 0, 0, 0, 0, 1 << 7] + Array(repeating: 0, count: 7)
        let answer = words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } }
        let allowing = try FuseInit(Self.message(minor: 41, flags2: 1 << 7 | 1 << 8)).allowingMapping(answer)
        var expected = words
        expected[7] |= 1 << 30
        expected[12] |= 1 << 8
        #expect(allowing == expected.flatMap { word in withUnsafeBytes(of: word) { Array($0) } })
        #expect(try FuseInit(Self.message()).allowingMapping(answer) == answer)
        #expect(try FuseInit(Self.message(flags: 0, flags2: 1 << 8)).allowingMapping(answer) == answer)
        // The answer of an older protocol, and one that refuses.
        let short = Array(answer.prefix(16 + 24))
        #expect(try FuseInit(Self.message(minor: 41, flags2: 1 << 8)).allowingMapping(short) == short)
    }

    @Test func anythingElseIsRefused() {
        let message = Self.message()
        for count in 0..<message.count {
            #expect(throws: HermesError.self) { try FuseInit(Array(message.prefix(count))) }
        }
        #expect(throws: HermesError.self) { try FuseInit(message + [0]) }
        var lookup = message
        lookup[4] = 1
        #expect(throws: HermesError.self) { try FuseInit(lookup) }
        let long =
            withUnsafeBytes(of: UInt32(5000)) { Array($0) } + message[4...] + Array(repeating: 0, count: 5000 - 104)
        #expect(throws: HermesError.self) { try FuseInit(long) }
    }
}
