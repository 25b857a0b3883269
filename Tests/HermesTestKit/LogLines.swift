import Logging
import Synchronization

/// A log that keeps its lines.
package final class LogLines: Sendable {
    package struct Line: Sendable {
        package let level: Logger.Level
        package let message: String
        package let fields: [String: String]
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
            lines.all.withLock {
                $0.append(Line(level: event.level, message: "\(event.message)", fields: fields))
            }
        }
    }

    private let all = Mutex<[Line]>([])

    package init() {}

    package func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = level
        return logger
    }

    /// The lines since the last call.
    package func take() -> [Line] {
        all.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
