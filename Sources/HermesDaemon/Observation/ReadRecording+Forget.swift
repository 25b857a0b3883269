import HermesCore

extension ReadRecording {
    /// The word of a client that wants an image to be forgotten, and not recorded. The digest of its manifest follows.
    static let forgetting = "forget "

    /// Has the daemon that answers containerd at `address` forget what outlives an image's data: its manifest, which spans a start of it
    /// touched, and that it was put aside. False where the daemon has the image, or is about to. Throws `unavailable` where no daemon
    /// answers, `denied` where the caller may not ask.
    ///
    /// The client writes the word, the digest and a line feed to the socket of recordings. The daemon answers a line with the digest when
    /// it has forgotten, or nothing where it has the image, and ends the connection.
    package static func forget(_ manifest: Digest, at address: String) throws -> Bool {
        let connection = try DaemonSocket(socket(beside: address))
        try connection.send("\(forgetting)\(manifest)\n")
        return try connection.read(isWhole: true) == Array("\(manifest)\n".utf8)
    }
}
