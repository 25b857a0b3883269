import Glibc
import HermesTestKit
import Testing

@testable import HermesDaemon
@testable import HermesSupport

/// What the check says of machines that differ from a good one in one fact.
@Suite struct NodeFactsTests {
    /// The findings of `subject` after a change of a good machine, as "level text".
    private func say(_ subject: String, _ change: (inout NodeFacts) -> Void = { _ in }) -> [String] {
        var facts = NodeFacts()
        facts.settings = DaemonConfiguration()
        change(&facts)
        return facts.findings().filter { $0.subject == subject }.map { "\($0.level.rawValue) \($0.text)" }
    }

    private func level(_ subject: String, _ change: (inout NodeFacts) -> Void) -> [NodeFinding.Level] {
        var facts = NodeFacts()
        facts.settings = DaemonConfiguration()
        change(&facts)
        return facts.findings().filter { $0.subject == subject }.map(\.level)
    }

    @Test func aGoodMachineHasNoFault() {
        let findings = NodeFacts().findings()
        #expect(!findings.contains { $0.level == .fail })
        #expect(findings.filter { $0.level == .note }.map(\.subject) == ["mirrors", "containerd"])
    }

    @Test func onlyRootMounts() {
        #expect(level("user") { $0.user = 1000 } == [.fail])
    }

    private static let survival = "mounts that outlive the daemon: containers on lazy images fail when it restarts"

    @Test(arguments: [
        ("6.12.0-18-amd64", "ok 6.12.0-18-amd64 has all that Hermes uses"), ("6.9", "ok 6.9 has all that Hermes uses"),
        ("6.9-rc1", "ok 6.9-rc1 has all that Hermes uses"),
        ("6.1.0-18-amd64", "note 6.1.0-18-amd64 lacks \(Self.survival)"),
        ("5.8", "note 5.8 lacks \(Self.survival)"),
        ("5.7.9", "note 5.7.9 lacks numbers that tell mounts apart, \(Self.survival)"),
        (
            "4.18.0",
            "note 4.18.0 lacks reads of a MiB, folders that need no opening, numbers that tell mounts apart, \(Self.survival)"
        ),
        ("3.10.0", "FAIL 3.10.0 has no overlays of several folders"),
        ("six", "note the release six tells no version"), ("", "note the release  tells no version"),
        ("99999999999999999999.1", "note the release 99999999999999999999.1 tells no version"),
    ])
    func theKernelsVersionTellsWhatIsMissing(release: String, answer: String) {
        #expect(say("kernel") { $0.release = release } == [answer])
    }

    @Test func fuseIsNeeded() {
        #expect(
            say("/dev/fuse") { $0.fuse = SystemError(ENOENT) } == [
                "FAIL it cannot be opened, so no image is mounted lazily: No such file or directory"
            ])
    }

    @Test(arguments: [(1023, .fail), (1024, .note), (65_535, .note), (65_536, .ok)] as [(UInt64, NodeFinding.Level)])
    func fewDescriptorsAreTold(count: UInt64, expected: NodeFinding.Level) {
        #expect(level("descriptors") { $0.descriptors = count } == [expected])
    }

    @Test func settingsAreJudged() {
        #expect(say("settings") { $0.settingsFault = "line 2: bad" } == ["FAIL line 2: bad"])
        let warnings = [ConfigurationWarning(key: "fuse", line: 1), ConfigurationWarning(key: "colour", line: 2)]
        #expect(
            say("settings") { $0.warnings = warnings } == [
                "note line 1: fuse: the kernel keeps what it knows of an image for ever",
                "note line 2: colour: the configuration has an unknown key",
            ])
    }

    @Test func theRootFolderIsJudged() {
        func folder(_ change: (inout FolderFacts) -> Void) -> [NodeFinding.Level] {
            level("root folder") { change(&$0.root) }
        }
        #expect(folder { _ in } == [.ok])
        #expect(folder { $0.isFolder = false } == [.fail])
        #expect(folder { $0.isWritable = false } == [.fail])
        #expect(folder { $0.owner = 7 } == [.fail])
        #expect(folder { $0.mode = 0o770 } == [.fail])
        // Those of a folder above it are no matter.
        #expect(folder { ($0.nearest, $0.owner, $0.mode) = ("/", 7, 0o1777) } == [.ok])
        #expect(folder { $0.free = 64 << 20 - 1 } == [.fail])
        #expect(folder { $0.free = $0.total / 10 } == [.ok])
        #expect(folder { $0.free = $0.total / 10 - 1 } == [.note])
        #expect(level("root folder") { $0.root = FolderFacts(path: "/a:b", nearest: "/") } == [.fail])
        // A size of its own counts instead of the tenth.
        let small: (Int64) -> [NodeFinding.Level] = { size in
            level("root folder") {
                $0.root.free = 1 << 30
                $0.settings?.cacheSize = size
            }
        }
        #expect(small(1 << 30) == [.ok])
        #expect(small(1 << 30 + 1) == [.note])
    }

    @Test func theSocketIsJudged() {
        #expect(level("socket") { $0.socketFolder.isFolder = false } == [.fail])
        #expect(level("socket") { $0.socketFolder.isWritable = false } == [.fail])
        #expect(level("socket") { $0.isServed = true } == [.note])
        #expect(level("socket") { $0.address = "/" + String(repeating: "a", count: 95) } == [.ok])
        #expect(level("socket") { $0.address = "/" + String(repeating: "a", count: 96) } == [.fail])
    }

    /// The longest address that passes can be listened at, with the status beside it.
    @Test func theLongestAddressCanBeUsed() throws {
        let folder = try TestFolder()
        let address = folder.path + "/" + String(repeating: "a", count: 95 - folder.path.utf8.count)
        let path = DaemonStatus.socket(beside: address)
        let socket = try UnixSocket.listen(path)
        close(socket)
        #expect(throws: HermesError.self) { try UnixSocket.listen(path + "b") }
    }

    @Test func registriesAndControllerAreJudged() {
        #expect(level("mirrors") { $0.hosts = .read(2, faults: []) } == [.ok])
        #expect(level("mirrors") { $0.hosts = .read(2, faults: ["a", "b"]) } == [.fail, .fail])
        #expect(level("mirrors") { $0.hosts = .unreadable("denied") } == [.fail])
        #expect(level("controller") { $0.controller = .answers("http://c") } == [.ok])
        #expect(level("controller") { $0.controller = .fails("http://c", cause: "timed out") } == [.fail])
    }

    @Test func aFolderIsFoundOrTheNearestAboveIt() throws {
        let folder = try TestFolder()
        #expect(FolderFacts(folder.path).isThere)
        let missing = FolderFacts("\(folder.path)/a/b")
        #expect(!missing.isThere && missing.nearest == folder.path && missing.isFolder)
        #expect(missing.total > 0 && missing.fault("it") == nil)
        let file = try folder.write("file", [1])
        #expect(FolderFacts("\(file)/b").fault("it")?.text == "\(file) is not a folder")
        #expect(try FolderListing.names(in: folder.path) == ["file"])
    }
}
