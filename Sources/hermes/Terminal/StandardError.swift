import Glibc
import HermesSupport

/// Text for people beside a command's result, and on a terminal one line of status that stays below it.
///
/// Safe for use from any thread: each text goes out in one piece, and never into the status. No caller waits for the
/// reader: lines that nobody reads are dropped and counted (`OutputWriter`). What was written before the process exits is
/// still written then, if that takes no more than a second.
enum StandardError {
    /// Whether a person is looking.
    static let isTerminal = isatty(2) == 1

    private static let writer: OutputWriter = {
        // Runs in exit(3), which a command that ends or fails comes to on every way.
        atexit { StandardError.flush() }
        return OutputWriter(2) { count in
            CommandLog.line(
                .warning, "lines were dropped because nobody read standard error", ["lines": "\(count)"])
        }
    }()

    /// Writes whole lines, above the status if there is one.
    static func write(_ text: String) { writer.write(text) }

    /// Shows a status on the terminal, cut to its width, in place of the one before; an empty text takes it away.
    static func show(status text: String) {
        // One column stays free: a terminal that is filled to its edge begins another line.
        writer.show(status: String(text.prefix(max(1, Terminal.width(of: 2) - 1))))
    }

    /// Waits until everything so far is written, for at most a second.
    static func flush() { writer.flush(milliseconds: 1000) }
}
