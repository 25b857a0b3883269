import Glibc

/// Whole local folders.
package enum LocalFolder {
    /// Makes a folder and those above it that are missing, for their owner alone. Throws the error of the failed call.
    package static func make(_ path: String) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += "\(part)/"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw HermesError.file("make the folder", made, .last)
            }
        }
    }
}
