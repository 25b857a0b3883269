import Glibc

extension OpenFile {
    /// Makes a file on the file system of `folder` that has no name and is gone when it is closed. `what` stands for its
    /// name in messages. Throws the file error of `folder`.
    package static func unnamed(_ what: String, in folder: String) throws -> OpenFile {
        let name = "\(folder)/.hermes-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HermesError.file("write in", folder, .last) }
        unlink(name)
        return OpenFile(owning: descriptor, path: "\(folder)/(\(what))")
    }
}
