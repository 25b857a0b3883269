import Glibc
import HermesCore

/// The one line on standard error that says why a command failed.
enum ErrorLine {
    static func print(_ error: HermesError) {
        StandardError.write("error: \(error.description.replacing("\n", with: " "))\n")
    }
}

/// Text for people beside a command's result.
enum StandardError {
    /// Whether a person is looking.
    static let isTerminal = isatty(2) == 1

    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            // Nobody is left to tell.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
