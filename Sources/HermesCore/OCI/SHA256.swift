import CCrypto

/// A running SHA-256 (FIPS 180-4) over OpenSSL, which uses the processor's SHA extensions where they exist.
///
/// Not safe for use from two threads at once.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Starts a digest.
    package init() {
        // Fails only when memory is exhausted, where Swift's own allocations trap as well.
        guard let context = hermes_sha256_new(), hermes_sha256_reset(context) == 1 else {
            preconditionFailure("cannot start a SHA-256: out of memory")
        }
        self.context = context
    }

    deinit { hermes_sha256_free(context) }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        // An update of an initialised EVP digest has no failure path (OpenSSL 3, EVP_DigestUpdate(3)).
        _ = hermes_sha256_update(context, base, bytes.count)
    }

    /// The digest of the bytes so far, to which more can be added.
    package func current() -> Digest {
        var words: Digest.Words = (0, 0, 0, 0)
        let isCopied = withUnsafeMutableBytes(of: &words) { out in
            // 32 bytes, bound to UInt8 for the call only.
            hermes_sha256_current(context, out.assumingMemoryBound(to: UInt8.self).baseAddress) == 1
        }
        guard isCopied else { preconditionFailure("cannot copy a SHA-256: out of memory") }
        return Digest(sha256: words)
    }

    /// Ends the digest, returns it, and starts the next one.
    package mutating func finish() -> Digest {
        var words: Digest.Words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { out in
            // 32 bytes, bound to UInt8 for the call only.
            _ = hermes_sha256_finish(context, out.assumingMemoryBound(to: UInt8.self).baseAddress)
        }
        _ = hermes_sha256_reset(context)
        return Digest(sha256: words)
    }
}
