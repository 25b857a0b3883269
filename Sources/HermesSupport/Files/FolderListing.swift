import Glibc

/// Lists the contents of a local folder.
package enum FolderListing {
    /// The names in the folder at `path`, "." and ".." left out, in no order. Throws the error of the failed call.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw .last }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            // The name is a C string at the end of a record that may be shorter than the structure says (readdir(3)), so
            // it is read in place and never copied as a whole.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { break }
            let name = String(cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
