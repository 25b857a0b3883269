import HermesSupport

/// Compares the entries of a layer's tar, as its content streams past, with those of a zTOC. For one thread.
///
/// When all entries match, a reader of the zTOC finds each file of the layer under its name, with its attributes and its
/// bytes, and no other file. The view's bytes must stay valid as long as this value is used.
struct EntryComparison: ~Copyable {
    private let view: ZTOCView
    private var parser = TarParser()
    private var next = 0

    init(_ view: ZTOCView) { self.view = view }

    /// Takes the next bytes of the content. Throws `corrupt` for the first entry that differs, naming the file and the
    /// field, and the errors of `TarParser`; the value is not used again then.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) throws {
        try parser.consume(bytes) { entry in
            guard next < view.entryCount else {
                throw HermesError(.corrupt, "the index does not list the file \(Self.text(entry.name)) of the layer")
            }
            if let field = entry.difference(fromIndexed: try TarEntry(try view.entry(next))) {
                throw HermesError(
                    .corrupt,
                    "the index does not describe the file \(Self.text(entry.name)) as the layer has it: it gives another"
                        + " \(field)")
            }
            next += 1
        }
    }

    /// Ends the content. Throws `corrupt` when the zTOC lists more files than the content has, or the tar is cut off.
    mutating func finish() throws {
        try parser.finish()
        guard next == view.entryCount else {
            throw HermesError(.corrupt, "the index lists \(view.entryCount) files, but the layer has \(next)")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(800), as: UTF8.self).printable(200)
    }
}
