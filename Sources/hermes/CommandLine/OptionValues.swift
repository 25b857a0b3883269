import HermesCore
import HermesSupport

/// The values of options that several commands have, or that have a unit. Each throws `usage`.
enum OptionValues {
    /// The uncompressed bytes between two checkpoints.
    static func spanSize(_ text: String) throws -> Int64 {
        guard let size = ByteSize.parse(text), (4096...(16 << 20)).contains(size) else {
            throw HermesError(.usage, "\"\(text)\" is not a span size", advice: "4KiB to 16MiB, such as 4MiB")
        }
        return size
    }

    /// A number of bytes, which the option `name` gives.
    static func bytes(_ text: String, _ name: String) throws -> Int64 {
        guard let size = ByteSize.parse(text), size > 0 else {
            throw HermesError(.usage, "\(name) takes a number of bytes, not \"\(text)\"", advice: "such as 20GiB")
        }
        return size
    }

    /// A digest, which the option `name` gives.
    static func digest(_ text: String, _ name: String) throws -> Digest {
        guard let digest = Digest.parse(text.utf8) else {
            throw HermesError(
                .usage, "\(name) takes a digest, not \"\(text.printable(100))\"",
                advice: "sha256: and 64 lower-case hexadecimal digits")
        }
        return digest
    }

    /// A time in whole seconds, at least one.
    static func seconds(_ text: String, _ name: String) throws -> Int {
        guard let milliseconds = GoDuration.milliseconds(text), milliseconds >= 1000 else {
            throw HermesError(.usage, "\(name) takes a time, not \"\(text)\"", advice: "such as 60m or 720h")
        }
        return milliseconds / 1000
    }

    /// The text itself; for "@FILE" what is in the file, of at most 64 MiB.
    static func content(_ text: String) throws -> [UInt8] {
        text.hasPrefix("@") ? try LocalFile.read(String(text.dropFirst()), limit: 64 << 20) : Array(text.utf8)
    }

    /// Where to listen.
    static func address(_ text: String, _ name: String) throws -> ListenAddress {
        guard let address = ListenAddress(text) else {
            throw HermesError(.usage, "\(name) takes [HOST]:PORT, not \"\(text)\"", advice: "such as :39091")
        }
        return address
    }
}
