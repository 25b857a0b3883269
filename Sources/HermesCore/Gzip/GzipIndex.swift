/// The index of a gzip layer: where inflate can start, and the digests of everything that was read to find out.
///
/// Span i is the part between checkpoint i and the next one (or the end). Safe to share between threads.
package struct GzipIndex: Sendable {
    /// The requested number of uncompressed bytes in a span; real spans are longer, but for the last.
    package let spanSize: Int64
    /// In the order of the stream, with strictly increasing offsets, compressed and uncompressed. Never empty.
    package let checkpoints: [Checkpoint]
    /// SHA-256 of each span's compressed bytes: from its `spanStart` to the next one's `compressedOffset`, or to the end.
    package let spanDigests: [Digest]
    /// The length of the gzip stream in bytes.
    package let compressedSize: Int64
    /// The length of the output in bytes.
    package let uncompressedSize: Int64
    /// SHA-256 of the gzip stream: the layer's digest.
    package let compressedDigest: Digest
    /// SHA-256 of the output: the layer's diff ID (OCI image spec, config.md).
    package let uncompressedDigest: Digest

    let windows: WindowStore

    /// Calls `body` with the 32,768 bytes of output before checkpoint `index`, valid for the call. Bytes that no
    /// back-reference of the span's data needs are zero, as are those before the start of the output.
    ///
    /// Any thread. Throws `system` when memory is short, and the errors of `body`.
    package func withWindow<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try windows.withWindow(index, body)
    }
}
