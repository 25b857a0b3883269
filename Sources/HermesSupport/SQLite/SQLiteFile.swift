import Glibc

/// The file of a database, before SQLite opens it.
enum SQLiteFile {
    /// Makes the file, if there is none, readable for its owner alone, and gives its path without symbolic links in it.
    ///
    /// SQLite would make it with mode 0644; the files beside it (-wal, -shm) get the mode of this one. Symbolic links
    /// on the way to the folder are resolved, as an administrator may put the folder elsewhere, but the file itself
    /// must not be a link.
    static func prepare(_ path: String) throws -> String {
        let file = try resolved(path)
        // A file that is there is not opened: closing it would give back the locks that another connection of this process
        // holds on it (fcntl(2), sqlite.org/howtocorrupt.html).
        let made = open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if made >= 0 {
            close(made)
            return file
        }
        guard errno == EEXIST else { throw HermesError.file("make the database", path, .last) }
        var status = stat()
        guard lstat(file, &status) == 0 else { throw HermesError.file("open the database", path, .last) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw HermesError(.cannotCreate, "cannot open the database \(path), as it is not a regular file")
        }
        if status.st_mode & 0o777 != 0o600, chmod(file, 0o600) != 0 {
            throw HermesError.file("make the database private:", path, .last)
        }
        return file
    }

    /// The path without symbolic links in its folder. Throws `cannotCreate` for a path that no file can have.
    static func resolved(_ path: String) throws -> String {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let folder = slash.map { String(path[...$0]) } ?? "."
        guard !name.isEmpty, !path.utf8.contains(0) else {
            throw HermesError(.cannotCreate, "\(path.printable(500)) cannot be the name of a database")
        }
        guard let real = realpath(folder, nil) else { throw HermesError.file("open the database", path, .last) }
        defer { free(real) }
        return "\(String(cString: real))/\(name)"
    }
}
