import HermesCore
import HermesSupport

/// The one line on standard error that says why a command failed.
enum ErrorLine {
    static func print(_ error: HermesError) {
        switch CommandLog.format {
        case .text: StandardError.write(text(error))
        case .json: StandardError.write(CommandLog.line(.error, error.description, [:]))
        }
    }

    /// The line for people.
    static func text(_ error: HermesError) -> String { "error: \(error.description.safeLine)\n" }
}
