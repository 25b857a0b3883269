import Glibc
import HermesSupport

/// A folder of its own for a moment, among the machine's temporary files.
enum BenchFolder {
    /// Makes it, for its owner alone. Throws the error of the failed call.
    static func make() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hermes-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HermesError.file("make a folder in", parent, .last) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
