import HermesCore
import HermesSupport

/// The one line on standard error that says why a command failed.
enum ErrorLine {
    static func print(_ error: HermesError) {
        let text = error.description.replacing("\n", with: " ")
        switch CommandLog.format {
        case .text: StandardError.write("error: \(text)\n")
        case .json: StandardError.write(CommandLog.line(.error, text, [:]))
        }
    }
}
