import HermesSupport

extension String {
    /// The text as one line of bounded length, for standard error: texts from registries and layers are parts of errors and
    /// of fields, and a terminal obeys the control characters in them. Room for a path of the kernel's 4096 bytes and the
    /// causes of a failure.
    var safeLine: String { replacing("\n", with: " ").printable(16 << 10) }
}
