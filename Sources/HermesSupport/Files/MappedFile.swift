import CLinux
import Glibc

/// A file mapped into memory for as long as this object lives.
///
/// A page that the disk does not give ends the process (SIGBUS). Where pages are mended it reads as zeros, and `isBroken` says so from
/// then on: all that was read is looked at with this before it is used. Safe for use from any thread; writers of a shared mapping order
/// their stores themselves.
package final class MappedFile: @unchecked Sendable {
    /// The mapped bytes. Not to be used after the object is gone.
    package let bytes: UnsafeMutableRawBufferPointer
    /// The path of the file, for messages.
    package let path: String
    /// Nil where pages are not mended.
    private let mapping: OpaquePointer?

    /// Maps the whole of `file`, read-only or shared for writing. An empty file maps to no bytes. Throws the file error.
    package init(_ file: OpenFile, writable: Bool = false, isMended: Bool = false) throws {
        path = file.path
        let size = Int(try file.size())
        guard size > 0 else {
            bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            mapping = nil
            return
        }
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = mmap(nil, size, protection, MAP_SHARED, file.descriptor, 0)
        guard let address, address != MAP_FAILED else { throw HermesError.file("map", path, .last) }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: size)
        mapping = isMended ? hermes_mapping_add(address, size, writable ? 1 : 0) : nil
    }

    deinit {
        if let mapping { hermes_mapping_remove(mapping) }
        if let base = bytes.baseAddress { munmap(base, bytes.count) }
    }

    /// The bytes for reading only.
    package var readOnly: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }

    /// Whether the disk did not give a page that was read before this call. Costs a relaxed load as long as no disk has failed.
    @inline(__always)
    package var isBroken: Bool { hermes_pages_are_broken() != 0 && hasBrokenPage }

    private var hasBrokenPage: Bool { mapping.map { hermes_mapping_is_broken($0) != 0 } ?? false }

    /// Throws `io` where the disk did not give a page that was read before this call.
    package func checkRead() throws {
        guard isBroken else { return }
        throw HermesError(
            .io, "the disk does not give all of \(path)", advice: "look for its errors in the kernel's log")
    }
}
