import Glibc
import HermesTestKit

@testable import HermesCore
@testable import HermesSupport

/// The zTOC of a layer in a file of its own, right or with other entries than the layer has.
final class LayerZTOC: Sendable {
    private let folder: TestFolder
    private let path: String

    /// `forge` changes the entries that the archive has.
    init(of archive: [UInt8], forge: (inout [TarEntry]) -> Void = { _ in }) throws {
        folder = try TestFolder()
        path = folder.path + "/ztoc"
        var entries = try parseTar(archive).entries
        forge(&entries)
        try TestTool.write(try Self.bytes(entries, archive: archive), to: path)
    }

    /// The zTOC of `entries` for an archive that is one span.
    static func bytes(_ entries: [TarEntry], archive: [UInt8]) throws -> [UInt8] {
        var writer = ZTOCWriter()
        for entry in entries { try writer.append(entry) }
        var bytes: [UInt8] = []
        _ = try writer.writeUncompressed(
            ZTOCWriter.Layer(
                compressedSize: Int64(archive.count), uncompressedArchiveSize: try parseTar(archive).archiveSize,
                spanDigests: [.of(archive)]),
            spanSize: Int64(archive.count)
        ) { bytes += $0 }
        return bytes
    }

    func open() throws -> MappedFile { try MappedFile(try OpenFile(path, O_RDONLY)) }
}
