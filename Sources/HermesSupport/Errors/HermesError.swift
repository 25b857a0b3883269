/// The one error type of Hermes: what failed, on which image, layer or file, why, and what to try.
///
/// `message` is one line for a person, without a trailing full stop; it names the thing it is about. Credentials never
/// appear in any part of it.
package struct HermesError: Error, Sendable {
    /// The class of the failure. Source-stable: cases can be added without breaking a switch.
    package let code: Code
    /// What failed and why, in one line.
    package let message: String
    /// The failure underneath, if there is one; printed after the message.
    package let cause: (any Error)?
    /// The user's remedy, if one is known.
    package let advice: String?

    /// Makes an error. `message` holds no line break.
    package init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, advice: String? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.advice = advice
    }
}

extension HermesError: CustomStringConvertible {
    /// The whole chain in one line: message, its causes, then the advice in brackets.
    package var description: String {
        var text = message
        if let cause { text += ": \(cause)" }
        if let advice { text += " (\(advice))" }
        return text
    }
}
