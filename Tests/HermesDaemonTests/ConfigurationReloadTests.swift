import HermesTestKit
import Testing

@testable import HermesDaemon
@testable import HermesSupport

/// A daemon's settings that are read anew, with a service manager that listens.
@Suite struct ConfigurationReloadTests {
    private let folder: TestFolder
    private let lines = LogLines()
    private let applied = Monitor<[DaemonConfiguration]>([])
    private let socket: NotifySocket

    init() throws {
        folder = try TestFolder()
        socket = try NotifySocket()
    }

    private func write(_ text: String) throws -> String { try folder.write("config.toml", Array(text.utf8)) }

    /// A reload of a daemon that was started with `text`.
    private func reload(_ text: String) throws -> ConfigurationReload {
        let path = try write(text)
        return ConfigurationReload(
            path, current: try DaemonConfiguration.read(path).configuration, manager: socket.manager,
            log: lines.logger(.info)
        ) { new in applied.withLock { $0.value.append(new) } }
    }

    private func take() -> [String] {
        lines.take().map { line in
            let fields = ["key", "from", "to"].compactMap { line.fields[$0] }
            return ([line.level.rawValue, line.message] + fields).joined(separator: "|")
        }
    }

    private func takeApplied() -> [DaemonConfiguration] {
        applied.withLock { all in
            defer { all.value = [] }
            return all.value
        }
    }

    @Test func whatChangedIsPutInForceAndLogged() throws {
        let reload = try reload("[background_fetch]\ndisable = true")
        _ = try write("[cache]\nsize = '1G'\n[external_artifact_store]\nenable = true\nendpoint = 'http://c'")
        reload.run()
        #expect(
            take() == [
                "notice|a setting has changed|background_fetch.disable|true|false",
                "notice|a setting has changed|external_artifact_store.enable|false|true",
                "notice|a setting has changed|external_artifact_store.endpoint|\"\"|\"http://c/\"",
                "notice|a setting has changed|cache.size|\"\"|\"1G\"",
            ])
        let new = try #require(takeApplied().first)
        #expect(new.fetchesInBackground && new.artifactStore.isEnabled && new.cacheSize == 1 << 30)
        reload.run()
        #expect(take() == ["notice|the configuration was reloaded, and nothing has changed"])
        #expect(takeApplied() == [])
    }

    /// Each time, as the daemon goes on without it.
    @Test func anAddressIsTakenAtTheStartAlone() throws {
        let reload = try reload("")
        _ = try write("metrics_address = '127.0.0.1:1'")
        for _ in 0..<2 {
            reload.run()
            #expect(
                take() == [
                    "warning|a setting changes with the next start only|metrics_address|\"\"|\"127.0.0.1:1\""
                ])
            #expect(takeApplied() == [])
        }
    }

    @Test func anInvalidFileChangesNothing() throws {
        let reload = try reload("[background_fetch]\ndisable = true")
        for text in ["[cache]\nsize = 'much'", "x", "[external_artifact_store]\nenable = true"] {
            _ = try write(text)
            reload.run()
            #expect(take() == ["error|the configuration is not reloaded: the old one stays in force"])
        }
        #expect(takeApplied() == [])
        // The old one is still what the next is compared with.
        _ = try write("colour = 1")
        reload.run()
        #expect(
            take() == [
                "warning|the configuration has an unknown key|colour",
                "notice|a setting has changed|background_fetch.disable|true|false",
            ])
        #expect(takeApplied() == [DaemonConfiguration()])
    }

    /// sd_notify(3): a time of the monotonic clock, and READY after a reload that failed, too.
    @Test func theServiceManagerIsTold() throws {
        let reload = try reload("")
        for text in ["", "x"] {
            _ = try write(text)
            let start = Monotonic.now().nanoseconds / 1000
            reload.run()
            let parts = try #require(socket.next()).split(separator: "\n")
            #expect(parts.first == "RELOADING=1" && parts.count == 2)
            let time = parts.last.flatMap { Int($0.replacing("MONOTONIC_USEC=", with: "")) }
            #expect((start...Monotonic.now().nanoseconds / 1000).contains(try #require(time)))
            #expect(socket.next() == "READY=1")
        }
    }
}
