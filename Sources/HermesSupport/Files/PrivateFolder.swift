import Glibc

/// Folders that no other user of the machine may write to.
package enum PrivateFolder {
    /// Opens the folder at `path`, or makes it for its owner alone, and checks that it can be trusted: it is a folder and no
    /// symbolic link, it belongs to this process's user, and nobody else may write to it. A folder that another user made
    /// first, or can add links to, would have this process overwrite files anywhere.
    ///
    /// Throws `denied` for a folder that cannot be trusted, and the error of the failed call.
    package static func make(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw HermesError.file("make the folder", path, .last) }
        // A slash at the end would follow a link.
        var name = path
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        let folder = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else {
            throw HermesError(
                .denied, "\(path) cannot be used: it is not a folder that can be read, or it is a symbolic link",
                cause: SystemError.last)
        }
        defer { close(folder) }
        var status = stat()
        guard fstat(folder, &status) == 0 else { throw HermesError.file("use", path, .last) }
        guard status.st_uid == geteuid() else {
            throw HermesError(.denied, "\(path) belongs to user \(status.st_uid), not to user \(geteuid())")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw HermesError(
                .denied, "other users may write to \(path)", advice: "run chmod go-w on it after a look at its files")
        }
    }
}
