import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct HostsFileTests {
    private func parse(_ text: String) throws -> HostsFile { try HostsFile.parse(Array(text.utf8)) }

    @Test func readsEveryField() throws {
        let file = try parse(
            """
            server = "https://registry-1.docker.io"
            capabilities = ["pull", "resolve"]
            [host."https://z.example"]
              capabilities = ["PULL"]
              ca = "z.crt"
              client = ["a.pem", ["b.cert", "b.key"], ["c.pem", ""]]
              skip_verify = true
              override_path = true
              dial_timeout = "1.5s"
              proxy = "http://proxy:8080"
              unknown = 5
              [host."https://z.example".header]
                X-Two = ["b", "a"]
                x-one = "1"
            [host."a.example"]
              ca = ["/x", "y"]
              client = "only.pem"
            """)
        #expect(file.hosts.map(\.url) == ["https://z.example", "https://a.example"])
        #expect(file.server.url == "https://registry-1.docker.io")
        #expect(file.server.capabilities == [.pull, .resolve])
        let first = file.hosts[0]
        #expect(first.capabilities == .pull)
        #expect(first.authorities == ["z.crt"])
        #expect(first.clients.map(\.certificate) == ["a.pem", "b.cert", "c.pem"])
        #expect(first.clients.map(\.key) == [nil, "b.key", nil])
        #expect(first.skipVerify == true && first.overridePath && first.dialTimeout == 1500)
        #expect(first.proxy == "http://proxy:8080")
        #expect(first.headers.map { "\($0.name)=\($0.value)" } == ["X-Two=b", "X-Two=a", "x-one=1"])
        #expect(file.hosts[1].authorities == ["/x", "y"])
        #expect(file.hosts[1].clients.map(\.certificate) == ["only.pem"])
        #expect(file.hosts[1].capabilities == .all && file.hosts[1].skipVerify == nil)
    }

    @Test(arguments: [
        "server = 5", "capabilities = ['fly']", "ca = [1]", "client = [['a']]", "client = [['a', 'b', 'c']]",
        "skip_verify = 'yes'", "override_path = 1", "[header]\n'a b' = 'x'", "[header]\na = \"x\\ny\"", "host = 'x'",
        "[host]\na = 'x'", "dial_timeout = '5'", "dial_timeout = '-1s'", "ca = \"a\\u0000b\"",
    ])
    func refuses(text: String) {
        let error = #expect(throws: HermesError.self) { try parse(text) }
        #expect(error?.code == .corrupt)
    }

    @Test func durations() {
        #expect(GoDuration.milliseconds("1m30s") == 90_000)
        #expect(GoDuration.milliseconds("1.5h2ms") == 5_400_002)
        #expect(GoDuration.milliseconds("10us") == 1)
        #expect(GoDuration.milliseconds("0") == 0)
        for text in ["", "1", "s", "1x", "1..s", "-1s", "1s ", "9e9s", String(repeating: "9", count: 100) + "h"] {
            #expect(GoDuration.milliseconds(text) == nil, "\(text)")
        }
    }

    @Test func findsFoldersAsContainerdDoes() throws {
        #expect(HostsFolder.names(for: "r.io:5000") == ["r.io_5000_", "r.io:5000", "_default"])
        #expect(HostsFolder.names(for: "[::1]") == ["[::1]", "_default"])
        #expect(HostsFolder.names(for: "[::1]:5000") == ["[::1]_5000_", "[::1]:5000", "_default"])
        let root = try TestFolder()
        let folder = HostsFolder(root.path)
        #expect(try folder.file(for: "r.io") == nil)
        for (name, server) in [("_default", "d"), ("r.io", "plain"), ("r.io:5000", "colon"), ("r.io_5000_", "under")] {
            try TestProcess.run(["mkdir", "\(root.path)/\(name)"])
            try RegistryTestFile.write("server = '\(server)'\nca = 'x.crt'", to: "\(root.path)/\(name)/hosts.toml")
        }
        #expect(try folder.file(for: "r.io:5000")?.server.url == "https://under")
        #expect(try folder.file(for: "r.io")?.server.url == "https://plain")
        #expect(try folder.file(for: "other.io")?.server.url == "https://d")
        #expect(try folder.file(for: "r.io")?.server.authorities == ["\(root.path)/r.io/x.crt"])
        try TestProcess.run(["rm", "-r", "\(root.path)/r.io_5000_"])
        #expect(try folder.file(for: "r.io:5000")?.server.url == "https://colon")
    }

    @Test func fallsBackOnCertificates() throws {
        let root = try TestFolder()
        try TestProcess.run(["mkdir", "\(root.path)/r.io"])
        for name in ["b.crt", "a.crt", "c.cert", "c.key", "lone.cert", "readme"] {
            try RegistryTestFile.write("x", to: "\(root.path)/r.io/\(name)")
        }
        let file = try #require(try HostsFolder(root.path).file(for: "r.io"))
        let folder = "\(root.path)/r.io"
        #expect(file.hosts.isEmpty && file.server.url == nil)
        #expect(file.server.authorities == ["\(folder)/a.crt", "\(folder)/b.crt"])
        #expect(
            file.server.clients == [
                .init(certificate: "\(folder)/c.cert", key: "\(folder)/c.key"),
                .init(certificate: "\(folder)/lone.cert", key: nil),
            ])
        try RegistryTestFile.write("broken", to: "\(folder)/hosts.toml")
        let error = #expect(throws: HermesError.self) { try HostsFolder(root.path).file(for: "r.io") }
        #expect(error.map { "\($0)".contains("\(folder)/hosts.toml") } == true)
    }
}

/// Files in folders that a test made.
enum RegistryTestFile {
    static func write(_ text: String, to path: String) throws {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        try AtomicFile.write(Array(text.utf8), to: path, temporaryIn: "/" + folder)
    }
}
