import HermesSupport

/// One pass over the content of a layer that hashes it and compares the entries of its tar with the layer's zTOC. For one
/// thread.
struct ContentPass: ~Copyable {
    private var hash = SHA256()
    private var entries: EntryComparison
    /// The first thing that differs from the zTOC.
    private(set) var difference: HermesError?

    /// The view's bytes must stay valid as long as this value is used.
    init(_ view: ZTOCView) { entries = EntryComparison(view) }

    /// The SHA-256 of the content so far.
    var digest: Digest { hash.current() }

    /// Takes the next bytes. A difference does not end the pass, because content with another digest says nothing about
    /// the zTOC.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bytes)
        guard difference == nil else { return }
        do { try entries.consume(bytes) } catch { difference = HermesError.from(error) }
    }

    /// Ends the content.
    mutating func finish() {
        guard difference == nil else { return }
        do { try entries.finish() } catch { difference = HermesError.from(error) }
    }
}
