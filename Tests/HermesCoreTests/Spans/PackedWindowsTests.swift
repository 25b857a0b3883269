import CZstd
import HermesTestKit
import Testing

@testable import HermesCore

/// Windows without their zeros, in pieces or as a zstd frame.
@Suite struct PackedWindowsTests {
    private static let size = Checkpoint.windowSize

    private func pack(_ window: [UInt8]) throws -> [UInt8] {
        var windows = try PackedWindows()
        try window.withUnsafeBytes { try windows.append($0) }
        return windows.bytes
    }

    /// The window of packed bytes; nil where they are none.
    private func unpack(_ packed: [UInt8]) -> [UInt8]? {
        let zstd = ZSTD_createDCtx()
        defer { ZSTD_freeDCtx(zstd) }
        var window = [UInt8](repeating: 0xaa, count: Self.size)
        let isWindow = window.withUnsafeMutableBytes { window in
            packed.withUnsafeBytes { PackedWindows.unpack($0, into: window, zstd) }
        }
        return isWindow ? window : nil
    }

    @Test func windowsComeBack() throws {
        let zeros = [UInt8](repeating: 0, count: Self.size)
        var windows = [zeros, [UInt8](repeating: 1, count: Self.size), testBytes(Self.size, seed: 4)]
        for places in [[0], [Self.size - 1], [7, 8], [16, 48], Array(stride(from: 0, to: Self.size, by: 16))] {
            var window = zeros
            for place in places { window[place] = 9 }
            windows.append(window)
        }
        var random = SeededGenerator(seed: 8)
        for share in 1...20 {
            windows.append(
                zeros.map { _ in Int.random(in: 0..<400, using: &random) < share * share ? 0xf5 : 0 })
        }
        for window in windows {
            let packed = try pack(window)
            #expect(!packed.isEmpty, "a span without a window is inflated without one")
            #expect(unpack(packed) == window)
        }
    }

    @Test func fewBytesTakeFewBytes() throws {
        var window = [UInt8](repeating: 0, count: Self.size)
        #expect(try pack(window) == [0, 0, 0, 0])
        window[Self.size - 1] = 5
        #expect(try pack(window) == [0xff, 0x0f, 1, 0, 0, 0, 0, 0, 0, 0, 0, 5])
        // Every other word would take more than half of the window.
        for place in stride(from: 0, to: Self.size, by: 16) { window[place] = 1 }
        #expect(try pack(window).count < 1000)
    }

    @Test func bytesThatAreNoWindow() {
        let piece: [UInt8] = [0xff, 0x0f, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        #expect(unpack(piece) != nil)
        for end in 1..<piece.count { #expect(unpack(Array(piece[..<end])) == nil) }
        // A word behind the end, at once or in a second piece.
        #expect(unpack([0, 0x10] + piece[2...]) == nil)
        #expect(unpack(piece + [0, 0] + piece[2...]) == nil)
        #expect(unpack([0xff, 0xff, 0xff, 0xff]) == nil)
        #expect(unpack([0x28, 0xb5, 0x2f, 0xfd, 0, 0]) == nil)
    }
}
