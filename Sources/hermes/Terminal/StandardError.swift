import Glibc
import HermesCore
import HermesSupport
import Synchronization

/// Text for people beside a command's result, and on a terminal one line of status that stays below it.
///
/// Safe for use from any thread: each text goes out in one piece, and never into the status.
enum StandardError {
    /// Whether a person is looking.
    static let isTerminal = isatty(2) == 1

    /// The text in the terminal's last line.
    private static let status = Mutex("")

    /// Writes whole lines, above the status if there is one.
    static func write(_ text: String) {
        status.withLock { status in
            emit(status.isEmpty ? text : "\(clear)\(text)\(status)")
        }
    }

    /// Shows a status on the terminal, cut to its width, in place of the one before; an empty text takes it away.
    static func show(status text: String) {
        // One column stays free: a terminal that is filled to its edge begins another line.
        let text = String(text.prefix(max(1, Terminal.width(of: 2) - 1)))
        status.withLock { status in
            guard status != text else { return }
            status = text
            emit(clear + text)
        }
    }

    /// To the line's start, then erase to its end (ECMA-48 EL).
    private static let clear = "\r\u{1b}[K"

    private static func emit(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            // No output is left on which to report the failure.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
