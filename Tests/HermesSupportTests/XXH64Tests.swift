import HermesTestKit
import Testing

@testable import HermesSupport

/// The checksum of compiled files, against the values of the reference implementation.
@Suite struct XXH64Tests {
    private func sum(_ bytes: [UInt8]) -> UInt64 {
        var sum = XXH64()
        bytes.withUnsafeBytes { sum.update($0) }
        return sum.finish()
    }

    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] as [(String, UInt64)])
    func knownValues(text: String, value: UInt64) { #expect(sum(Array(text.utf8)) == value) }

    @Test func piecesGiveTheSameAsTheWhole() {
        let bytes = testBytes(1000, seed: 9)
        let whole = sum(bytes)
        for piece in [1, 3, 31, 32, 33, 64, 999] {
            var running = XXH64()
            for start in stride(from: 0, to: bytes.count, by: piece) {
                bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { running.update($0) }
            }
            #expect(running.finish() == whole)
        }
    }

    @Test func aCopyGoesOnByItself() {
        let bytes = testBytes(100, seed: 4)
        var one = XXH64()
        bytes[..<45].withUnsafeBytes { one.update($0) }
        let middle = one.finish()
        var other = one
        bytes[45...].withUnsafeBytes { other.update($0) }
        #expect(one.finish() == middle)
        #expect(middle == sum(Array(bytes[..<45])) && other.finish() == sum(bytes))
    }

    @Test func everyBitOfAFileCounts() {
        var bytes = testBytes(200, seed: 2)
        func file() -> UInt64 { bytes.withUnsafeBytes { XXH64.ofFile($0, without: 48) } }
        let whole = file()
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect((file() == whole) == (48..<56).contains(index))
            bytes[index] ^= 1
        }
    }
}
