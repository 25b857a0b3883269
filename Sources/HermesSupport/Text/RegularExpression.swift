import CRE2

/// A regular expression of RE2, whose syntax is that of Go's, and so of containerd's filters and of policies. A match takes
/// time linear to the text, whatever the expression. It may be used from several threads at once.
package final class RegularExpression: @unchecked Sendable {
    /// Why an expression cannot be compiled, in RE2's words.
    package struct Invalid: Error {
        package let reason: String
    }

    /// Bytes that the program and the states of one expression may take.
    private static let memory = 1 << 20

    // RE2 objects are immutable, and lock what they cache (re2.h); hence "unchecked".
    private let expression: OpaquePointer

    /// Compiles bytes that should be UTF-8.
    package init(_ pattern: [UInt8]) throws(Invalid) {
        var reason = [CChar](repeating: 0, count: 256)
        let made = pattern.withUnsafeBytes { bytes in
            hermes_re2_compile(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, Self.memory, &reason, reason.count)
        }
        guard let made else {
            let text = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Invalid(reason: String(decoding: text, as: UTF8.self))
        }
        expression = made
    }

    deinit { hermes_re2_free(expression) }

    /// Whether any part of the text matches.
    package func matches(_ text: String) -> Bool {
        text.withCString { hermes_re2_matches(expression, $0, text.utf8.count) != 0 }
    }
}
