import HermesSupport
import HermesTestKit

/// Metrics as the strict parser of HermesCoreTests reads them.
enum Samples {
    /// The values by name and labels. Throws for a text that breaks a rule of the format.
    static func read(_ text: String) throws -> [String: Double] {
        let reader = Fixture.path("../../HermesCoreTests/Fixtures/metrics-read.py")
        return try TestTool.withFolder { folder in
            try TestTool.write(Array(text.utf8), to: folder + "/text")
            let output = try TestTool.run([
                "sh", "-c", "'\(TestTool.python)' '\(reader)' <'\(folder)/text'",
            ])
            return try JSON.decode([String: Double].self, from: output, name: "the parser's output")
        }
    }
}
