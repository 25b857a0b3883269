import HermesSupport

extension DaemonStatus {
    /// Asks the daemon that answers containerd at `address`. Blocks. Throws `unavailable` where none answers, `denied` where
    /// the caller may not ask, `corrupt` for an answer that is none.
    package static func read(from address: String) throws -> DaemonStatus {
        let bytes = try DaemonSocket(socket(beside: address)).read(isWhole: true)
        return try JSON.decode(DaemonStatus.self, from: bytes, name: "the daemon's answer")
    }
}
