import Glibc

/// A failed system call: its errno, printed as the C library words it.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errno value.
    package let number: Int32

    /// Makes an error of the given errno value.
    package init(_ number: Int32) { self.number = number }

    /// The error of the system call that this thread made last.
    package static var last: SystemError { SystemError(errno) }

    /// The C library's text for the number, such as "No space left on device".
    package var description: String {
        guard let text = strerror(number) else { return "errno \(number)" }
        return String(cString: text)
    }
}

extension HermesError {
    /// The error of a failed system call on a local file or folder; the class follows from errno.
    package static func file(_ action: String, _ path: String, _ error: SystemError) -> HermesError {
        let code: Code =
            switch error.number {
            case ENOSPC, EDQUOT, EROFS, ENOTEMPTY, EEXIST: .cannotCreate
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM: .denied
            default: .io
            }
        let advice = error.number == ENOSPC || error.number == EDQUOT ? "free some space there" : nil
        return HermesError(code, "cannot \(action) \(path)", cause: error, advice: advice)
    }
}
