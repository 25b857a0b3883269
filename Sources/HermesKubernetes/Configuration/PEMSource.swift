import HermesSupport

/// A certificate or key in PEM. Its description never has the bytes.
package enum PEMSource: Sendable {
    case file(String)
    case bytes([UInt8])

    /// The bytes as they are now. Throws as a file that cannot be read does. Reads a local file.
    func read() throws -> [UInt8] {
        switch self {
        case .file(let path): try LocalFile.read(path, limit: ClusterConfiguration.fileLimit)
        case .bytes(let bytes): bytes
        }
    }
}

extension PEMSource: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .file(let path): path.printable(300)
        case .bytes(let bytes): "\(bytes.count) bytes"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
