import Glibc

/// A file mapped into memory for as long as this object lives.
///
/// Safe for use from any thread; writers of a shared mapping order their stores themselves.
package final class MappedFile: @unchecked Sendable {
    /// The mapped bytes. Not to be used after the object is gone.
    package let bytes: UnsafeMutableRawBufferPointer
    /// The path of the file, for messages.
    package let path: String

    /// Maps the whole of `file`, read-only or shared for writing. An empty file maps to no bytes.
    package init(_ file: OpenFile, writable: Bool = false) throws {
        path = file.path
        let size = Int(try file.size())
        guard size > 0 else {
            bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = mmap(nil, size, protection, MAP_SHARED, file.descriptor, 0)
        guard let address, address != MAP_FAILED else { throw HermesError.file("map", path, .last) }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let base = bytes.baseAddress { munmap(base, bytes.count) }
    }

    /// The bytes for reading only.
    package var readOnly: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
}
