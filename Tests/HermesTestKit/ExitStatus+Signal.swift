import Testing

extension ExitStatus {
    /// Whether a signal ended the process, as it does with a failed assertion; an error that is thrown ends it otherwise.
    package var isSignal: Bool {
        if case .signal = self { return true }
        return false
    }
}
