import CLinux
import Glibc
import HermesSupport
import Logging

/// The thread that starts another holder for a mount when its holder is gone.
final class HolderWatch: Sendable {
    private let thread: SystemThread
    /// Closed to end the thread.
    private let end: Int32
    private let wake: OpenFile

    /// Milliseconds after which a holder that could not be started is tried again.
    private static let pause: Int32 = 10_000

    /// Watches the holder behind `link`, which has `mount` and its connection `file`, and tells it that the mount is served.
    /// `patience` is that of another holder, in seconds. Throws `system`.
    init(
        _ link: HolderLink, at path: String, patience: Int, _ mount: HeldMount, _ file: OpenFile, log: Logger
    ) throws {
        var ends: [Int32] = [-1, -1]
        guard hermes_pipe(&ends) == 0 else {
            throw HermesError(.system, "cannot watch the holder of a mount", cause: SystemError.last)
        }
        let wake = OpenFile(owning: ends[0], path: "a pipe")
        self.wake = wake
        end = ends[1]
        do {
            thread = try SystemThread("hermes-holding") { Self.watch(link, wake, path, patience, mount, file, log) }
        } catch {
            close(ends[1])
            throw error
        }
    }

    /// Ends the thread, and the connection with the holder: a holder whose mount is gone ends then. To be called once.
    func stop() {
        close(end)
        thread.join()
    }

    private static func watch(
        _ first: HolderLink, _ wake: OpenFile, _ path: String, _ patience: Int, _ mount: HeldMount, _ file: OpenFile,
        _ log: Logger
    ) {
        var link: HolderLink? = first
        try? first.serve()
        while true {
            var entries = [
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: link?.socket.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&entries, nfds_t(entries.count), link == nil ? pause : -1)
            guard entries[0].revents == 0 else {
                link?.end()
                return
            }
            guard count >= 0 else { continue }
            if let lost = link {
                log.warning("the holder of the mount is gone")
                lost.reap()
                link = nil
            }
            do {
                let next = try HolderLink.start(path, patience: patience)
                try next.give(mount, file)
                try next.serve()
                link = next
                log.notice("the mount has another holder")
            } catch {
                log.error("the mount has no holder, and ends with this process", metadata: ["cause": "\(error)"])
            }
        }
    }
}
