extension HermesError {
    /// The class of a failure, which decides the exit code (docs/exit-codes.md; the numbers are those of sysexits.h).
    package struct Code: Hashable, Sendable {
        private enum Kind: Hashable {
            case usage, corrupt, notFound, unavailable, system, cannotCreate, io, protocolViolation, denied
            case unsupported, interrupted
        }

        private let kind: Kind

        /// A reference, option or argument that cannot be understood.
        package static let usage = Code(kind: .usage)
        /// Bytes that are not what their digest, checksum or format says.
        package static let corrupt = Code(kind: .corrupt)
        /// An image, platform, index or file that does not exist.
        package static let notFound = Code(kind: .notFound)
        /// A registry that cannot be reached, times out or answers with a server error.
        package static let unavailable = Code(kind: .unavailable)
        /// The operating system refuses or lacks something (no /dev/fuse, no memory).
        package static let system = Code(kind: .system)
        /// Output that cannot be made: a full disk, a folder that is missing or not empty.
        package static let cannotCreate = Code(kind: .cannotCreate)
        /// Reading or writing a local file failed.
        package static let io = Code(kind: .io)
        /// A registry that answers against its protocol.
        package static let protocolViolation = Code(kind: .protocolViolation)
        /// A registry or the system says no: 401, 403, EACCES, EPERM.
        package static let denied = Code(kind: .denied)
        /// A valid input of a kind that Hermes cannot handle (a zstd layer, a foreign layer).
        package static let unsupported = Code(kind: .unsupported)
        /// Ended by a signal before the work was done.
        package static let interrupted = Code(kind: .interrupted)

        /// The process's exit code for this class.
        package var exitCode: Int32 {
            switch kind {
            case .usage: 64
            case .corrupt: 65
            case .notFound: 66
            case .unavailable: 69
            case .system: 71
            case .cannotCreate: 73
            case .io: 74
            case .protocolViolation: 76
            case .denied: 77
            case .unsupported: 79
            case .interrupted: 130
            }
        }
    }
}
