import HermesSupport

/// Proves that an index fits its image, by reading every layer once.
///
/// For each layer: the blob has the manifest's digest and its content the configuration's diff ID; every span has the
/// index's digest and inflates from its own checkpoint and window, and the spans one after the other are that content;
/// and its tar has exactly the entries of the zTOC, each with its data at the place that the zTOC says.
package struct IndexVerifier: Sendable {
    private let image: Image
    private let source: any ImageSource
    private let files: IndexFiles

    /// Prepares to verify `files`, an index of `image`, against the blobs that `source` has.
    package init(image: Image, source: any ImageSource, files: IndexFiles) {
        self.image = image
        self.source = source
        self.files = files
    }

    /// Verifies layer `number` of the image, lowest first. `progress` is told the bytes of each read; an error that it
    /// throws ends the work. Throws `corrupt` for the first thing that does not fit. Blocks; one thread a layer.
    package func verify(layer number: Int, progress: (Int) throws -> Void) throws {
        let layer = image.layers[number]
        do {
            var pass = try LayerVerification(ZTOCView(files.layers[number].file.readOnly), layer)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
            defer { buffer.deallocate() }
            let stream = try source.openBlob(layer.descriptor)
            while true {
                let count = try stream.read(into: buffer)
                guard count > 0 else { break }
                try pass.consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                try progress(count)
            }
            try pass.finish()
        } catch let error as HermesError where error.code == .corrupt || error.code == .unsupported {
            throw HermesError(error.code, "layer \(layer.descriptor.digest)", cause: error)
        }
    }
}
