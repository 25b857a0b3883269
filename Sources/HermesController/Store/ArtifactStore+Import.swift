import Glibc
import HermesCore
import HermesSupport

extension ArtifactStore {
    /// What an import has done.
    package struct Imported: Sendable {
        /// How many artifacts were taken over.
        package var artifacts = 0
        /// Why others were not, one error for each.
        package var refused: [HermesError] = []
    }

    /// Takes over what the controller in Go has made, from its database at `path`: the ready artifacts whose blobs have their
    /// digests, unless the image has an artifact that is ready. The database is not changed.
    ///
    /// This is done once for each path; nil when it was done before, or there is no file. An import that was interrupted is
    /// done again, and finds what it had finished. Throws `corrupt` for a file that is not a database, and `io` for
    /// another one.
    package func importGoDatabase(_ path: String) throws -> Imported? {
        guard access(path, F_OK) == 0 else { return nil }
        let known = try transaction(.read) { state in
            try state.connection.row("SELECT 1 FROM imports WHERE path = ?", .text(path)) { try $0.int64(0) }
        }
        guard known == nil else { return nil }
        let database = try GoDatabase(path)
        var imported = Imported()
        for entry in try database.entries() {
            do {
                if try take(entry, from: database) { imported.artifacts += 1 }
            } catch let error as HermesError where [.corrupt, .notFound, .usage, .unsupported].contains(error.code) {
                let image = entry.image.printable(300)
                imported.refused.append(HermesError(error.code, "the artifact of \(image) is left out", cause: error))
            }
        }
        try transaction(.write) { state in
            _ = try state.connection.run("INSERT INTO imports VALUES (?, ?)", .text(path), .integer(now()))
        }
        return imported
    }

    /// False for an image that has an artifact already.
    private func take(_ entry: GoDatabase.Entry, from database: GoDatabase) throws -> Bool {
        let key = try Artifact.Key(image: entry.image, platform: entry.platform)
        guard try find(key)?.index == nil else { return false }
        let digest = try Digest(entry.index)
        var document: [UInt8] = []
        try database.read(digest) { piece in
            guard document.count + piece.count <= SOCIIndex.sizeLimit else {
                throw HermesError(.corrupt, "the index \(digest) is larger than \(SOCIIndex.sizeLimit) bytes")
            }
            document += piece
        }
        guard Digest.of(document) == digest else {
            throw HermesError(.corrupt, "the index does not have its digest \(digest)")
        }
        let index = try SOCIIndex(decoding: document)
        guard index.subject.digest == key.manifest else {
            throw HermesError(.corrupt, "the index \(digest) is that of another image, \(index.subject.digest)")
        }
        let layers = try index.ztocs()
        for layer in layers { try take(layer, from: database) }
        try finish(
            key, source: entry.source, config: entry.config.isEmpty ? nil : Digest(entry.config), imageSize: nil,
            index: document, layers: layers)
        return true
    }

    private func take(_ layer: SOCIIndex.Layer, from database: GoDatabase) throws {
        let writer = try blobWriter()
        var size: Int64 = 0
        try database.read(layer.digest) { piece in
            size += Int64(piece.count)
            guard size <= layer.size else {
                throw HermesError(.corrupt, "the zTOC \(layer.digest) is larger than \(layer.size) bytes")
            }
            try writer.write(piece)
        }
        guard try writer.finish() == (layer.digest, layer.size) else {
            throw HermesError(
                .corrupt, "the zTOC of layer \(layer.layerDigest) does not have its digest \(layer.digest)")
        }
    }
}
