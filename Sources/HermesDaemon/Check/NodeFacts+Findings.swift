import HermesSupport

extension NodeFacts {
    /// What a kernel has from a version on, and Hermes uses where it is there.
    private static let features = [
        (major: 4, minor: 20, name: "reads of a MiB"),
        (major: 5, minor: 1, name: "folders that need no opening"),
        (major: 5, minor: 8, name: "numbers that tell mounts apart"),
        (major: 6, minor: 9, name: "mounts that outlive the daemon: containers on lazy images fail when it restarts"),
    ]
    /// Overlays of several folders (overlayfs).
    private static let oldestKernel = (major: 4, minor: 0)
    /// The bytes below which a daemon cannot work.
    private static let leastFree: Int64 = 64 << 20
    /// Descriptors below which a single large image may not be mounted, and below which many may not.
    private static let leastDescriptors: UInt64 = 1024
    private static let enoughDescriptors: UInt64 = 65_536

    /// One finding or more for each part of the machine, always in the same order. Pure.
    func findings() -> [NodeFinding] {
        [account(), kernel(), device(), limit()] + configuration() + [folder(), socket()] + registries() + [store()]
            + snapshotter()
    }

    private func account() -> NodeFinding {
        user == 0
            ? .ok("user", "the daemon runs as root")
            : .fail("user", "user \(user) cannot mount for containerd", "run the daemon as root")
    }

    private func kernel() -> NodeFinding {
        let release = release.printable(100)
        let numbers = release.split(separator: ".", maxSplits: 2).prefix(2).map { part in
            Int(part.prefix { $0.isASCII && $0.isNumber })
        }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else {
            return .note("kernel", "the release \(release) tells no version")
        }
        let upgrade = "run Linux 6.9 or later"
        guard (major, minor) >= Self.oldestKernel else {
            return .fail("kernel", "\(release) has no overlays of several folders", upgrade)
        }
        let missing = Self.features.filter { (major, minor) < ($0.major, $0.minor) }.map(\.name)
        guard missing.isEmpty else {
            return .note("kernel", "\(release) lacks \(missing.joined(separator: ", "))", upgrade)
        }
        return .ok("kernel", "\(release) has all that Hermes uses")
    }

    private func device() -> NodeFinding {
        guard let fuse else { return .ok("/dev/fuse", "it can be opened") }
        return .fail("/dev/fuse", "it cannot be opened, so no image is mounted lazily: \(fuse)", "modprobe fuse")
    }

    private func limit() -> NodeFinding {
        let text = "\(descriptors) may be open, two for each layer of an image"
        guard descriptors < Self.enoughDescriptors else { return .ok("descriptors", text) }
        let remedy = "LimitNOFILE=1048576 in the daemon's unit, or ulimit -Hn 1048576"
        return descriptors < Self.leastDescriptors
            ? .fail("descriptors", text, remedy) : .note("descriptors", text, remedy)
    }

    private func configuration() -> [NodeFinding] {
        if let settingsFault { return [.fail("settings", settingsFault, "mend the file")] }
        let notes = warnings.map { warning in
            NodeFinding.note(
                "settings", "line \(warning.line): \(warning.key): \(warning.reason ?? warning.message)",
                "remove the key")
        }
        return notes.isEmpty ? [.ok("settings", "they are valid")] : notes
    }

    private func folder() -> NodeFinding {
        guard !root.path.utf8.contains(where: { ",:\\".utf8.contains($0) }) else {
            return .fail("root folder", "\(root.path) has one of , : \\ in it", "--root with another path")
        }
        if let fault = root.fault("root folder") { return fault }
        if root.isThere, root.owner != user {
            return .fail("root folder", "\(root.path) belongs to user \(root.owner)", "chown \(user) \(root.path)")
        }
        if root.isThere, root.mode & 0o022 != 0 {
            return .fail("root folder", "other users may write to \(root.path)", "chmod go-w \(root.path)")
        }
        let room = "\(root.free >> 20) MiB of \(root.total >> 20) MiB are free at \(root.nearest)"
        guard root.free >= Self.leastFree else { return .fail("root folder", room, "free some space there") }
        let limit = settings?.cacheSize
        if limit == nil, root.free < root.total / 10 {
            return .note(
                "root folder", "\(room), and the cache leaves a tenth", "free some space there, or set cache.size")
        }
        if let limit, limit > root.free {
            return .note("root folder", "\(room), less than cache.size", "free some space there, or lower cache.size")
        }
        return .ok("root folder", room)
    }

    private func socket() -> NodeFinding {
        // The status has a socket beside it, which is made under another name first.
        let longest = UnixSocket.longestPath - "\(DaemonStatus.socket(beside: "")).new".utf8.count
        guard address.utf8.count <= longest else {
            return .fail("socket", "\(address) is longer than \(longest) bytes", "--address with a shorter path")
        }
        if let fault = socketFolder.fault("socket") { return fault }
        guard !isServed else { return .note("socket", "a daemon answers at \(address) already") }
        return .ok("socket", "\(address) can be made")
    }

    private func registries() -> [NodeFinding] {
        switch hosts {
        case .missing:
            [.note("mirrors", "there is no folder \(Self.hostsPath): registries are asked themselves")]
        case .unreadable(let cause): [.fail("mirrors", cause)]
        case .read(let count, []): [.ok("mirrors", "\(Self.hostsPath) has valid entries for \(count) registries")]
        case .read(_, let faults):
            faults.map { .fail("mirrors", $0, "mend the file: images of this registry are pulled in full") }
        }
    }

    private func store() -> NodeFinding {
        switch controller {
        case .isNotAsked: .ok("controller", "none is asked, as external_artifact_store says")
        case .answers(let name): .ok("controller", "\(name) answers")
        case .fails(let name, let cause):
            .fail(
                "controller", "\(name) does not answer /healthz: \(cause)",
                "mend it, or external_artifact_store.endpoint")
        }
    }

    private func snapshotter() -> [NodeFinding] {
        switch containerd {
        case .missing:
            return [
                .note(
                    "containerd", "there is no file \(Self.containerdPath)",
                    ContainerdConfiguration.proxyRemedy(address))
            ]
        case .unreadable(let cause): return [.fail("containerd", cause)]
        case .read(let bytes):
            do {
                return try ContainerdConfiguration(bytes).findings(address: address)
            } catch {
                return [.fail("containerd", "\(Self.containerdPath) is not valid: \(error)", "mend the file")]
            }
        }
    }
}
