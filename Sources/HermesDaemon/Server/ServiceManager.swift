import HermesSupport

/// The program that started this one, and what it is told (sd_notify(3)).
package struct ServiceManager: Sendable {
    /// The socket that it listens at; nil where nobody waits.
    private let socket: String?

    /// The manager that the environment names.
    package init() { self.init(socket: EnvironmentVariable.value("NOTIFY_SOCKET")) }

    init(socket: String?) { self.socket = socket }

    /// Says that calls are answered from now on, or that a reload has ended.
    package func ready() { tell("READY=1") }
    /// Says that the configuration is read anew. The time tells this reload from others.
    package func reloading() { tell("RELOADING=1\nMONOTONIC_USEC=\(Monotonic.now().nanoseconds / 1000)") }
    /// Says that the end has begun.
    package func stopping() { tell("STOPPING=1") }

    /// Does nothing where nobody waits. Nobody can be told of a failure either.
    private func tell(_ state: String) {
        guard let socket else { return }
        try? UnixSocket.send(state, to: socket)
    }
}
