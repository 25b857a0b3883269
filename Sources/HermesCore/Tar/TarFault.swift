import HermesSupport

/// The fault of a header; the parser adds the place, and throws both as a `HermesError`.
struct TarFault: Error {
    /// The reason, in words that follow "tar header at byte 512: ".
    let reason: String
    /// `corrupt`, or `unsupported` for a kind of entry that an image layer cannot have.
    let code: HermesError.Code

    init(_ reason: String, code: HermesError.Code = .corrupt) {
        self.reason = reason
        self.code = code
    }
}
