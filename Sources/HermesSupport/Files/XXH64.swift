import CXXHash

/// A running XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), seed 0: a checksum against damage, not against
/// people, at several gigabytes a second.
///
/// A copy goes on by itself: the state holds no pointer.
package struct XXH64 {
    private var state = XXH64_state_t()

    package init() { XXH64_reset(&state, 0) }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // It fails only without an address (xxhash.h), and then there is nothing to add.
        guard let start = bytes.baseAddress else { return }
        XXH64_update(&state, start, bytes.count)
    }

    /// The checksum of all bytes so far.
    package func finish() -> UInt64 {
        withUnsafePointer(to: state) { XXH64_digest($0) }
    }
}

extension XXH64 {
    /// The checksum of a file that holds its own in the eight bytes at `place`, which count as zeros. `place` and those
    /// bytes are inside the file.
    package static func ofFile(_ bytes: UnsafeRawBufferPointer, without place: Int) -> UInt64 {
        var sum = XXH64()
        sum.update(UnsafeRawBufferPointer(rebasing: bytes[..<place]))
        withUnsafeBytes(of: UInt64(0)) { sum.update($0) }
        sum.update(UnsafeRawBufferPointer(rebasing: bytes[(place + 8)...]))
        return sum.finish()
    }
}
