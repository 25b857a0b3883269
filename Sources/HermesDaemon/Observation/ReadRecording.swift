import HermesCore
import HermesSupport

/// A recording of the reads of one image by the daemon that shows it: it lasts from here to `end`, or until this object goes.
///
/// On the socket beside the one on which the daemon answers containerd, the client writes the digest of the manifest and a line feed.
/// The daemon answers a line with the digest when it records. After another line of the client it writes the record as a JSON
/// document, or nothing where it never showed the image, and ends the connection. To be used from one thread at a time.
package final class ReadRecording: Sendable {
    private let connection: DaemonSocket
    private let manifest: Digest

    /// Begins. Throws `unavailable` where no daemon answers or it does not record, `denied` where the caller may not ask.
    package init(of manifest: Digest, at address: String) throws {
        self.manifest = manifest
        connection = try DaemonSocket(Self.socket(beside: address))
        try connection.send("\(manifest)\n")
        guard try connection.read(isWhole: false) == Array("\(manifest)".utf8) else {
            throw HermesError(
                .unavailable, "the daemon does not record the reads of \(manifest)",
                advice: "another program may record them, or the daemon shows no images")
        }
    }

    /// Ends it, and gives what was recorded. To be called once. Throws `notFound` where the daemon never showed the image,
    /// `unavailable` where it does not answer, `corrupt` for an answer that is none.
    package func end() throws -> ReadRecord {
        try connection.send("\n")
        let bytes = try connection.read(isWhole: true)
        guard !bytes.isEmpty else {
            throw HermesError(
                .notFound, "the daemon has recorded no read of \(manifest): it did not show the image",
                advice: "the image has to have an index")
        }
        return try JSON.decode(ReadRecord.self, from: bytes, name: "the daemon's record")
    }

    /// The socket on which the daemon records that answers containerd at `address`.
    static func socket(beside address: String) -> String { "\(address).record" }
}
