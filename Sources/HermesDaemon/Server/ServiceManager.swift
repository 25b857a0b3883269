import Glibc
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
    /// Says that the process does its work.
    package func alive() { tell("WATCHDOG=1") }
    /// Says that the end has begun.
    package func stopping() { tell("STOPPING=1") }

    /// How often `alive` is to be said, in milliseconds: half of the time after which the manager takes the process for dead. Nil
    /// where it does not watch (sd_watchdog_enabled(3)).
    package static var watchdogPeriod: Int? {
        watchdogPeriod(
            EnvironmentVariable.value("WATCHDOG_USEC"), EnvironmentVariable.value("WATCHDOG_PID"), own: getpid())
    }

    static func watchdogPeriod(_ microseconds: String?, _ process: String?, own: pid_t) -> Int? {
        // A process that was started by the one that is watched has the variables, too.
        guard process == nil || process == "\(own)", let limit = microseconds.flatMap({ Int64(strictDigits: $0) }),
            limit > 0
        else { return nil }
        // A day is as good as any longer time.
        return max(1, Int(min(limit / 2000, 86_400_000)))
    }

    /// Does nothing where nobody waits. Nobody can be told of a failure either.
    private func tell(_ state: String) {
        guard let socket else { return }
        try? UnixSocket.send(state, to: socket)
    }
}
