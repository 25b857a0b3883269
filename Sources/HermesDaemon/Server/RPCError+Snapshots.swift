import GRPCCore
import HermesSupport

extension RPCError {
    /// The answer to a call that has failed. containerd tells the codes apart, and shows the message to people.
    init(answering error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as SnapshotError: self.init(code: Code(error.kind), message: error.message)
        case let error as HermesError:
            self.init(code: error.code == .unavailable ? .unavailable : .internalError, message: error.description)
        default: self.init(code: .internalError, message: "\(error)")
        }
    }
}

extension RPCError.Code {
    init(_ kind: SnapshotError.Kind) {
        self =
            switch kind {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .invalidArgument: .invalidArgument
            case .failedPrecondition: .failedPrecondition
            }
    }
}
