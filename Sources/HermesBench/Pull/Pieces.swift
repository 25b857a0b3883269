import HermesContainerd
import HermesCore
import HermesSupport
import Synchronization

/// Bytes that are sent piece by piece.
final class Pieces: Sendable {
    private let rest: Mutex<ArraySlice<[UInt8]>>

    init(_ pieces: [[UInt8]]) { rest = Mutex(pieces[...]) }

    func next() -> [UInt8]? { rest.withLock { $0.popFirst() } }
}

/// A stream that is read by one thread at a time, but not always by the same.
final class SharedSource: @unchecked Sendable {
    // A call of containerd asks for the next piece when it has sent the last.
    private let source: any ByteSource

    init(_ source: any ByteSource) { self.source = source }

    /// Up to `size` bytes, fewer only at the end; nil behind it.
    func read(_ size: Int) throws -> [UInt8]? {
        var failure: (any Error)?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            do {
                while count < size {
                    let read = try source.read(into: .init(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]))
                    guard read > 0 else { return }
                    count += read
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes.isEmpty ? nil : bytes
    }
}

extension Descriptor {
    var forContainerd: Containerd_Types_Descriptor {
        .with { ($0.mediaType, $0.digest, $0.size) = (mediaType, "\(digest)", size) }
    }
}
