import Glibc
import HermesCore

@testable import HermesSupport

/// A reader of hostile bytes, with a name: the folder of its corpus, and the name that the program is called by.
///
/// A target is a file in Targets/ and a place in `all`.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads the bytes. A `HermesError` is a right answer; a trap, another error, and what `check` finds are not.
    let body: @Sendable (UnsafeRawBufferPointer) throws -> Void

    static let all: [FuzzTarget] = [
        .auth, .bench, .gzip, .hosts, .image, .index, .kubeconfig, .list, .manifest, .pod, .range, .reference, .slots,
        .spans, .state, .tar, .tree, .yaml, .ztoc,
    ]

    func run(_ bytes: UnsafeRawBufferPointer) {
        do {
            try body(bytes)
        } catch let error as HermesError {
            // Whoever shows an error reads its text.
            check(!error.description.isEmpty, "an error without a text")
        } catch {
            check(false, "an error that is not Hermes's: \(error)")
        }
    }
}

/// Stops the program, which libFuzzer reports with the input, where something that must hold does not.
func check(_ condition: Bool, _ what: @autoclosure () -> String) {
    guard !condition else { return }
    // An optimised program says nothing of why it stops.
    var text = "finding: \(what())\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    preconditionFailure()
}
