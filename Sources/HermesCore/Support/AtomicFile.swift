import Glibc

/// A file that appears under its name whole or not at all: written beside it, flushed, then renamed (rename(2)).
///
/// Not committed means not there: the temporary file is removed when the object goes; a killed process leaves at most a
/// `.tmp` file behind.
public final class AtomicFile {
    private let path: String
    private let temporary: String
    private let file: OpenFile
    private var end: Int64 = 0
    private var committed = false

    /// Starts a new version of `path`, in the same folder.
    public init(_ path: String, mode: mode_t = 0o644) throws {
        var generator = SystemRandomNumberGenerator()
        self.path = path
        temporary = "\(path).\(String(generator.next(), radix: 36)).tmp"
        file = try OpenFile(temporary, O_RDWR | O_CREAT | O_EXCL, mode: mode)
    }

    deinit {
        if !committed { unlink(temporary) }
    }

    /// Appends bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        try file.write(bytes, at: end)
        end += Int64(bytes.count)
    }

    /// Flushes the file and gives it its name, replacing what was there.
    public func commit() throws {
        try file.synchronize()
        guard rename(temporary, path) == 0 else { throw HermesError.file("create", path, .last) }
        committed = true
    }
}
