import ArgumentParser
import HermesCore
import HermesSupport
import Logging
import Synchronization

/// How lines on standard error are written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// For programs: one JSON object a line.
    case json
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// The options for the log of a long-running command.
struct LogOptions: ParsableArguments {
    @Option(help: "The least level of log lines: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .notice

    @Option(help: "The format of all lines on standard error: text, or json with one object a line.")
    var logFormat: LogFormat = .text

    /// The command's log. From here on, all lines of the process are in this format.
    func logger() -> Logger {
        CommandLog.format = logFormat
        return CommandLog.logger(logLevel)
    }
}

/// The log of a command, on standard error.
enum CommandLog {
    private static let chosen = Mutex(LogFormat.text)

    /// The format of all lines of this process.
    static var format: LogFormat {
        get { chosen.withLock { $0 } }
        set { chosen.withLock { $0 = newValue } }
    }

    /// Whether progress is shown that replaces itself: to a person at a terminal.
    static var showsProgress: Bool { StandardError.isTerminal && format == .text }

    /// A log of lines of at least `level`.
    static func logger(_ level: Logger.Level = .notice) -> Logger {
        var logger = Logger(label: "hermes", factory: { _ in StandardErrorLog() })
        logger.logLevel = level
        return logger
    }

    /// Writes a message of the command itself, whatever the log's level.
    static func say(_ text: String, _ metadata: Logger.Metadata = [:]) {
        switch format {
        case .text: StandardError.write(text.safeLine + "\n")
        case .json: StandardError.write(line(.notice, text, metadata))
        }
    }

    /// One line of the log in the chosen format.
    static func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        switch format {
        case .text: LogLine.text(level, message, metadata)
        case .json: LogLine.json(level, message, metadata, time: Timestamp.now())
        }
    }
}

/// Writes log lines to standard error.
private struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        StandardError.write(CommandLog.line(event.level, "\(event.message)", metadata))
    }
}
