import HermesSupport

/// What is told to the program that started this one and waits for it to be ready (sd_notify(3)).
package enum ServiceManager {
    /// Says that calls are answered from now on.
    package static func ready() { tell("READY=1") }
    /// Says that the end has begun.
    package static func stopping() { tell("STOPPING=1") }

    /// Does nothing where nobody waits. Nobody can be told of a failure either.
    private static func tell(_ state: String) {
        guard let path = EnvironmentVariable.value("NOTIFY_SOCKET") else { return }
        try? UnixSocket.send(state, to: path)
    }
}
