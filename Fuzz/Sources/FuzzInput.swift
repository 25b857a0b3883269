/// Numbers and texts that a target takes from the start of its input; the rest is what it reads.
struct FuzzInput {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next byte; 0 behind the end.
    mutating func byte() -> Int {
        guard let first = rest.first else { return 0 }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return Int(first)
    }

    /// The bytes up to the next line feed, or all.
    mutating func line() -> UnsafeRawBufferPointer {
        let end = rest.firstIndex(of: 0x0a) ?? rest.endIndex
        let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(line.count + 1))
        return line
    }

    /// `line` as text.
    mutating func text() -> String { String(decoding: line(), as: UTF8.self) }
}

/// Calls `body` with `bytes` in pieces whose lengths `seed` decides: a byte, or up to 4 KiB.
func inPieces(_ bytes: UnsafeRawBufferPointer, seed: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    var state = UInt32(truncatingIfNeeded: seed) &* 2_654_435_761 | 1
    var start = 0
    while start < bytes.count {
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        let length = state % 4 == 0 ? 1 : 1 + Int(state >> 4) % (state % 4 == 1 ? 64 : 4096)
        let end = min(bytes.count, start + length)
        try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        start = end
    }
}
