import GRPCCore
import HermesSupport

/// A call that containerd did not do.
package struct ContainerdError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case notFound, alreadyExists, failedPrecondition
        /// containerd does not answer, or not in time.
        case unavailable
        /// The caller may not ask.
        case denied
        case other
    }

    package let kind: Kind
    /// One line.
    package let description: String

    init(_ error: RPCError, method: String, address: String) {
        kind =
            switch error.code {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .failedPrecondition: .failedPrecondition
            case .unavailable, .deadlineExceeded, .cancelled: .unavailable
            case .permissionDenied, .unauthenticated: .denied
            default: .other
            }
        let text = error.message.printable(500)
        description =
            switch error.code {
            case .unavailable: "containerd does not answer on \(address): \(text)"
            case .deadlineExceeded, .cancelled: "containerd did not answer \(method) in time"
            default: "containerd refused \(method): \(text)"
            }
    }
}

extension HermesError {
    /// What failed because of a call, with the exit code that fits.
    package init(_ message: String, cause: any Error) {
        if let error = cause as? HermesError {
            self.init(error.code, message, cause: error)
            return
        }
        let code: Code =
            switch (cause as? ContainerdError)?.kind {
            case .notFound: .notFound
            case .unavailable: .unavailable
            case .denied: .denied
            case .alreadyExists, .failedPrecondition, .other, nil: .system
            }
        self.init(code, message, cause: cause)
    }
}
