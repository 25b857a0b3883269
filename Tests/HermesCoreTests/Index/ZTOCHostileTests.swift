import Testing

@testable import HermesCore

/// Damaged and hostile zTOCs: reading them throws or returns, and never reads outside of the bytes.
@Suite struct ZTOCHostileTests {
    /// Reads everything there is to read.
    private func readAll(_ bytes: UnsafeRawBufferPointer) throws {
        let view = try ZTOCView(bytes)
        _ = try? view.spanSize()
        _ = try? view.spanDigests()
        for index in 0..<min(view.entryCount, 1000) { _ = try? TarEntry(view.entry(index)) }
        try view.validate()
    }

    /// Reads bytes that end where memory that can be read ends, so that one byte too far is found by a sanitizer; in
    /// any build, a wrong length traps in Swift.
    private func readAll(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        _ = try? readAll(UnsafeRawBufferPointer(copy))
    }

    private static let sample: [UInt8] = {
        // Without the windows, whose bytes nothing looks at.
        var sample = ZTOCSample(entryCount: 20, spanCount: 3, gzip: true, seed: 11)
        sample.checkpoints = Array(sample.checkpoints?.prefix(12) ?? [])
        return (try? sample.written()) ?? []
    }()

    @Test func survivesTruncation() throws {
        for count in 0..<Self.sample.count { readAll(Array(Self.sample[..<count])) }
        #expect(Self.sample.count > 1000)
        #expect(throws: HermesError.self) { try [UInt8]().withUnsafeBytes { try ZTOCView($0) } }
    }

    @Test func survivesChangedBytes() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<6000 {
            var bytes = Self.sample
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] =
                    [0, 1, 0x7f, 0x80, 0xff, bytes[index] ^ 4, bytes[index] &+ 1].randomElement(
                        using: &random) ?? 0
            }
            readAll(bytes)
        }
    }

    @Test func survivesChangedReferences() {
        // Every aligned word replaced by what is likely to overflow, to lead outside, or to lead back.
        for index in stride(from: 0, to: Self.sample.count - 4, by: 4) {
            for word in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffc, UInt32(Self.sample.count)]
            {
                var bytes = Self.sample
                withUnsafeBytes(of: word.littleEndian) {
                    bytes.replaceSubrange(index..<(index + 4), with: $0)
                }
                readAll(bytes)
            }
        }
    }

    @Test func survivesNoise() {
        var random = SeededGenerator(seed: 13)
        for count in 0..<2000 {
            readAll(
                (0..<count % 200).map { _ in UInt8.random(in: 0...(count % 3 == 0 ? 255 : 12), using: &random)
                })
        }
    }

    /// Checks that a zTOC can be written and opened, but is not valid.
    private func expectInvalid(
        gzip: Bool = true, _ reason: String, location: SourceLocation = #_sourceLocation,
        _ change: (inout ZTOCSample) -> Void
    ) throws {
        var sample = ZTOCSample(entryCount: 10, spanCount: 2, gzip: gzip, seed: 14)
        for index in sample.entries.indices {
            sample.entries[index].kind = .regular
            sample.entries[index].size = 5
        }
        change(&sample)
        let bytes = try sample.written()
        let error = #expect(throws: HermesError.self, sourceLocation: location) {
            try bytes.withUnsafeBytes { try ZTOCView($0).validate() }
        }
        #expect(
            error?.message.contains(reason) == true, "\(String(describing: error))", sourceLocation: location)
    }

    @Test func refusesWhatCannotBe() throws {
        try expectInvalid("entry 3") { $0.entries[3].size = -1 }
        try expectInvalid("entry 3") { $0.entries[3].size = .max }
        try expectInvalid("entry 4") {
            $0.entries[3].size = $0.entries[4].dataOffset - $0.entries[3].dataOffset
        }
        try expectInvalid("entry 3") { $0.entries[3].dataOffset = -512 }
        try expectInvalid("entry 3") { $0.entries[3].dataOffset = .min }
        try expectInvalid("entry 9") { $0.entries[9].dataOffset = .max }
        try expectInvalid("entry 0") { $0.entries[0].dataOffset = 0 }
        try expectInvalid("entry") { $0.entries.swapAt(1, 2) }
        try expectInvalid("archive of -1") { $0.layer.uncompressedArchiveSize = -1 }
        try expectInvalid("in -5 bytes") { $0.layer.compressedSize = -5 }
        try expectInvalid("checkpoints") { $0.checkpoints?.append(0) }
        try expectInvalid("cut off") { $0.checkpoints = [1, 2] }
        try expectInvalid("checkpoints") { $0.checkpoints?.replaceSubrange(0..<4, with: [9, 0, 0, 0]) }
        try expectInvalid("checkpoints") {
            $0.checkpoints?.replaceSubrange(4..<12, with: [UInt8](repeating: 0, count: 8))
        }
        try expectInvalid("2 checkpoints") { $0.layer.spanDigests.removeLast() }
    }

    /// Early builders did not store the first checkpoint.
    @Test func acceptsTheOlderCheckpoints() throws {
        var sample = ZTOCSample(entryCount: 2, spanCount: 2, gzip: true, seed: 15)
        sample.checkpoints?.removeLast(32_785)
        try sample.written().withUnsafeBytes { try ZTOCView($0).validate() }
    }
}
