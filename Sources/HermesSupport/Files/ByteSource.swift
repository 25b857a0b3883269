/// A stream of bytes that is read once, from its start to its end.
///
/// One thread reads at a time; a read may block on the network or a disk.
package protocol ByteSource: AnyObject {
    /// Reads up to `buffer.count` bytes and returns their number; 0 only at the end (or for an empty buffer).
    ///
    /// Throws the error that broke the stream. A stream that has thrown is not read again.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}
