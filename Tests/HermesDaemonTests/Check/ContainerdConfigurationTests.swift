import Testing

@testable import HermesDaemon

/// containerd's configurations, good and bad ones, for a daemon at /run/h.sock.
@Suite struct ContainerdConfigurationTests {
    private func say(_ text: String) throws -> [String] {
        try ContainerdConfiguration(Array(text.utf8)).findings(address: "/run/h.sock").map {
            "\($0.level.rawValue) \($0.subject): \($0.text)"
        }
    }

    private static let proxy = """
        [proxy_plugins.hermes]
        type = "snapshot"
        address = "/run/h.sock"

        """
    private static let found = "ok containerd: its snapshotter hermes is the daemon at /run/h.sock"
    private static let lazy = "ok Pods: they use the snapshotter hermes, with the labels that it needs"
    private static let unlabelled =
        "FAIL Pods: containerd does not send the labels by which an image is known: all are pulled in full"
    private static let headers = [
        2: "[plugins.\"io.containerd.grpc.v1.cri\".containerd]", 3: "[plugins.\"io.containerd.cri.v1.images\"]",
    ]

    @Test(arguments: [2, 3]) func podsThatUseItNeedTheLabels(version: Int) throws {
        func pods(_ lines: String) throws -> [String] {
            try say("version = \(version)\n\(Self.proxy)\(Self.headers[version] ?? "")\n\(lines)")
        }
        let uses = "snapshotter = \"hermes\"\n"
        #expect(try pods(uses + "disable_snapshot_annotations = false") == [Self.found, Self.lazy])
        #expect(try pods(uses + "disable_snapshot_annotations = true") == [Self.found, Self.unlabelled])
        #expect(try pods(uses) == [Self.found, Self.unlabelled])
        #expect(try pods(uses + "disable_snapshot_annotations = \"false\"") == [Self.found, Self.unlabelled])
        let others = "note Pods: they use the snapshotter overlayfs, and not this one"
        #expect(try pods("") == [Self.found, others])
        #expect(try pods("snapshotter = \"overlayfs\"") == [Self.found, others])
        // The section of the other version does not count.
        let other = "version = \(version)\n\(Self.proxy)\(Self.headers[5 - version] ?? "")\n\(uses)"
        #expect(try say(other) == [Self.found, others])
    }

    @Test func theTransferServiceSendsLabelsItself() throws {
        let pods = """
            version = 3
            \(Self.proxy)
            [proxy_plugins.hermes.exports]
            enable_remote_snapshot_annotations = "true"
            [plugins."io.containerd.cri.v1.images"]
            snapshotter = "hermes"
            disable_snapshot_annotations = true

            """
        #expect(
            try say(pods) == [
                Self.found, "FAIL Pods: containerd's transfer service does not unpack for hermes: every pull fails",
            ])
        let unpack = """
            [[plugins."io.containerd.transfer.v1.local".unpack_config]]
            platform = "linux/amd64"
            snapshotter = "hermes"
            """
        #expect(
            try say(pods + unpack) == [
                Self.found, "ok Pods: they use the snapshotter hermes, through the transfer service",
            ])
        #expect(
            try say((pods + unpack).replacing("version = 3", with: "version = 2")) == [
                Self.found, "note Pods: they use the snapshotter overlayfs, and not this one",
            ])
    }

    @Test func theSnapshotterMayHaveAnyName() throws {
        let text = "version = 2\n" + Self.proxy.replacing("hermes", with: "lazy") + (Self.headers[2] ?? "")
        #expect(
            try say(text + "\nsnapshotter = \"lazy\"\ndisable_snapshot_annotations = false") == [
                "ok containerd: its snapshotter lazy is the daemon at /run/h.sock",
                "ok Pods: they use the snapshotter lazy, with the labels that it needs",
            ])
    }

    @Test(arguments: [
        ("version = 2", "FAIL containerd: no snapshotter in its configuration is the daemon"),
        ("version = 2\nproxy_plugins = 1", "FAIL containerd: no snapshotter in its configuration is the daemon"),
        (
            "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]",
            "note containerd: no snapshotter in its configuration is the daemon, and the files that it imports are not read"
        ),
        (
            "version = 2\n[proxy_plugins.hermes]\ntype = \"snapshot\"\naddress = \"/other\"",
            "FAIL containerd: [proxy_plugins.hermes] has type snapshot, address /other"
        ),
        (
            "version = 3\n[proxy_plugins.hermes]\naddress = \"/run/h.sock\"",
            "FAIL containerd: [proxy_plugins.hermes] has type -, address /run/h.sock"
        ),
        ("", "FAIL containerd: its configuration has version 1, whose names are others"),
        ("version = 4", "FAIL containerd: its configuration has version 4, whose names are others"),
    ])
    func aMissingSnapshotterIsNamed(text: String, answer: String) throws {
        #expect(try say(text) == [answer])
    }

    @Test func whatIsNotTOMLIsNamed() {
        var facts = NodeFacts()
        facts.containerd = .read(Array("version = ".utf8))
        let finding = facts.findings().last
        #expect(finding?.level == .fail)
        #expect(finding?.text == "/etc/containerd/config.toml is not valid: line 1: a value is missing")
    }
}
