import HermesCore

/// Credentials for an image, and the Pods that have them.
struct PullCredentials: Sendable {
    let credentials: Credentials
    let scope: PullScope
}
