import Glibc
import HermesCore
import HermesHTTP
import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesDaemon

/// Images that are mounted lazily, asked for as containerd asks, with the real kernel and a real registry.
@Suite(.enabled(if: geteuid() == 0 && access("/dev/fuse", F_OK) == 0), .serialized, .timeLimit(.minutes(5)))
struct OverlaySnapshotterLazyTests {
    private static let layers = [
        ["etc/kept": "first", "etc/replaced": "first", "etc/deleted": "first"],
        ["etc/replaced": "second", "etc/.wh.deleted": ""],
        ["etc/replaced": "third", "top": "third"],
    ]
    private static let shared = Result { try RegistryImage(layers) }
    private let image: RegistryImage
    private let folder: TestFolder
    private var snapshots: String { "\(folder.path)/snapshots" }
    private var shown: String { "\(folder.path)/images/\(image.image.descriptor.digest.hex)" }

    init() throws {
        image = try Self.shared.get()
        folder = try TestFolder()
    }

    private func withDaemon(lazy: Bool = true, _ body: (OverlaySnapshotter) throws -> Void) throws {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let snapshotter = try OverlaySnapshotter(root: folder.path, lazy: lazy ? DaemonConfiguration() : nil, log: log)
        defer { snapshotter.close() }
        #expect((snapshotter.images != nil) == lazy)
        try body(snapshotter)
    }

    /// Asks for the lowest `layers` layers as a pull does, layer by layer; each is there without having been pulled.
    private func pull(_ snapshotter: OverlaySnapshotter, _ layers: Int = 3) throws {
        let release = try showing(snapshotter)
        defer { release() }
        for count in 1...layers {
            let error = #expect(throws: SnapshotError.self) {
                try snapshotter.create(
                    .active, key: "extract-\(count)", parent: image.snapshot(count - 1), labels: image.labels(count))
            }
            #expect(error?.kind == .alreadyExists)
        }
    }

    /// Has the image shown, however long that takes: a pull alone waits for 2 seconds, and the machine may be busy. The image stays
    /// until the result is called.
    private func showing(_ snapshotter: OverlaySnapshotter) throws -> () -> Void {
        let images = try #require(snapshotter.images)
        let digest = image.image.descriptor.digest
        images.state.withLock { $0.value.pin(digest) }
        let deadline = Monotonic.now().adding(milliseconds: 600_000)
        #expect(images.wait(digest, try Reference(image.name), until: deadline, isNeeded: true) != nil)
        return { images.unpin(digest) }
    }

    private func read(_ path: String) throws -> String { try LocalFile.read(path, limit: 1 << 20).text }

    private func overlay(_ snapshotter: OverlaySnapshotter, _ key: String, _ lower: [String]) throws -> [SnapshotMount]
    {
        let own = "\(snapshots)/\(try snapshotter.store.stat(key).id)"
        return [
            SnapshotMount(
                type: "overlay", source: "overlay",
                options: ["workdir=\(own)/work", "upperdir=\(own)/fs", "lowerdir=" + lower.joined(separator: ":")])
        ]
    }

    private func bind(_ folder: String) -> [SnapshotMount] {
        [SnapshotMount(type: "bind", source: folder, options: ["ro", "rbind"])]
    }

    /// An image that is mounted is filled when the background begins to fetch.
    @Test func otherSettingsAreTakenOver() async throws {
        try await onBlockingThread { [self] in try takeOtherSettings() }
    }

    /// On a thread of its own, as a fill waits until the machine idles.
    private func takeOtherSettings() throws {
        var configuration = DaemonConfiguration()
        configuration.fetchesInBackground = false
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let snapshotter = try OverlaySnapshotter(root: folder.path, lazy: configuration, log: log)
        defer { snapshotter.close() }
        let release = try showing(snapshotter)
        defer { release() }
        let images = try #require(snapshotter.images)
        let shown = try #require(images.state.withLock { $0.value.shown(image.image.descriptor.digest) })
        #expect(!images.fetchesInBackground && !shown.lazy.isComplete)
        configuration.fetchesInBackground = true
        configuration.artifactStore.isEnabled = true
        configuration.artifactStore.endpoint = try HTTPURL("http://127.0.0.1:1")
        configuration.artifactStore.fallsBackToRegistry = false
        snapshotter.reload(configuration)
        // It is fetched without a reader.
        while !shown.lazy.isComplete { usleep(10_000) }
        let error = #expect(throws: HermesError.self) {
            let digest = image.image.descriptor.digest
            let source = try images.source(digest, try Reference(image.name))
            _ = try images.settings.withLock { $0.indexes }.find(
                image.image, try Reference(image.name), source, except: [],
                until: Monotonic.now().adding(milliseconds: 60_000))
        }
        #expect(error?.code == .unavailable)
    }

    @Test func aRecordingTellsWhatWasRead() async throws {
        try await onBlockingThread { [self] in try withDaemon { (snapshotter) throws in try record(snapshotter) } }
    }

    private func record(_ snapshotter: OverlaySnapshotter) throws {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let address = "\(folder.path)/s"
        let server = try DaemonServer(snapshotter, address: address, log: log)
        let thread = try SystemThread("serve") { try? server.run() }
        defer {
            server.stop()
            thread.join()
        }
        let digest = image.image.descriptor.digest
        var recording: ReadRecording? = try ReadRecording(of: digest, at: address)
        #expect(throws: HermesError.self) { try ReadRecording(of: digest, at: address) }
        try pull(snapshotter)
        #expect(try read("\(shown)/top") == "third")
        let record = try #require(try recording?.end())
        #expect(record.touched.map(\.path) == ["/top"] && record.touched.map(\.layer) == [2])
        #expect(record.layers.map(\.digest) == image.image.layers.map(\.descriptor.digest))
        #expect(Set(record.untouchedFiles.map(\.path)) == ["/etc/kept", "/etc/replaced"])
        #expect(record.untouchedFolders.map(\.path) == ["/etc"])
        // What is here is not forgotten.
        #expect(try !ReadRecording.forget(digest, at: address))
        #expect(try ReadRecording.forget(.of([1]), at: address))
        // A peer that goes without a word ends its recording; the daemon sees that a moment later.
        recording = try ReadRecording(of: digest, at: address)
        recording = nil
        while recording == nil {
            recording = try? ReadRecording(of: digest, at: address)
            usleep(10_000)
        }
        let other = try ReadRecording(of: Digest.of([1]), at: address)
        let error = #expect(throws: HermesError.self) { try other.end() }
        #expect(error?.code == .notFound)
    }

    @Test func anIndexedImageIsNotPulled() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            for count in 1...3 {
                let info = try snapshotter.stat(image.snapshot(count))
                #expect(info.kind == .committed)
                #expect(info.parent == image.snapshot(count - 1))
                #expect(info.labels == image.labels(count))
            }
            #expect(try FolderListing.names(in: snapshots) == [])
            let active = try snapshotter.create(.active, key: "active", parent: image.snapshot(3))
            #expect(active == (try overlay(snapshotter, "active", [shown])))
            #expect(try snapshotter.mounts("active") == active)
            #expect(try snapshotter.create(.view, key: "view", parent: image.snapshot(3)) == bind(shown))
            #expect(try FolderListing.names(in: shown).sorted() == ["etc", "top"])
            #expect(try FolderListing.names(in: shown + "/etc").sorted() == ["kept", "replaced"])
            #expect(try read(shown + "/etc/replaced") == "third")
            // A reader has its bytes before the cache counts them.
            while try snapshotter.usage(image.snapshot(3)).size == 0 { usleep(10_000) }
        }
    }

    /// A disk that fails answers a mapped page with SIGBUS, as the end of a file does.
    @Test func aTreeThatTheDiskDoesNotGiveFailsItsReaders() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            #expect(try read(shown + "/top") == "third")
            let tree = "\(folder.path)/cache/images/\(image.image.descriptor.digest.hex)/tree"
            #expect(truncate(tree, 0) == 0)
            let file = open(shown + "/etc/kept", O_RDONLY)
            #expect(file < 0 && errno == EIO)
            var status = stat()
            #expect(lstat(shown + "/missing", &status) < 0 && errno == EIO)
            let images = try #require(snapshotter.images)
            let lazy = try #require(images.state.withLock { $0.value.shown(image.image.descriptor.digest) }).lazy
            let error = #expect(throws: HermesError.self) {
                var bytes = [UInt8](repeating: 0, count: 8)
                _ = try bytes.withUnsafeMutableBytes { try lazy.readBlocking(inode: 2, offset: 0, into: $0) }
            }
            #expect(error?.code == .io)
        }
    }

    @Test func anImageThatCrashedTheDaemonIsPulled() throws {
        let digest = image.image.descriptor.digest
        var record = CrashRecord(version: HermesVersion.current)
        for _ in 1...CrashRecord.limit { record.crashed([digest], now: Timestamp.now().seconds) }
        try AtomicFile.write(try JSON.encode(record), to: "\(folder.path)/crashes", temporaryIn: folder.path)
        try withDaemon { (snapshotter) throws in
            let mounts = try snapshotter.create(.active, key: "extract", parent: "", labels: image.labels(1))
            #expect(mounts.count == 1)
            #expect(snapshotter.pulls.results[.crashed] == 1)
            let left = try #require(snapshotter.pulls.left.first)
            #expect(left.result == .crashed && left.manifest == digest)
            #expect(try #require(snapshotter.images).crashes.asideCount == 1)
            // A container that stands on it already cannot be started.
            let error = #expect(throws: HermesError.self) {
                try snapshotter.folder(LazyBase(image: digest, reference: image.name, layers: 3))
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test func aLayerIsFoundByItsParent() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            // The lowest layer once more, as a folder: another image that has it was pulled in the ordinary way.
            _ = try snapshotter.create(.active, key: "unpacked", parent: "")
            try snapshotter.commit("unpacked", as: "plain")
            let release = try showing(snapshotter)
            defer { release() }
            let error = #expect(throws: SnapshotError.self) {
                try snapshotter.create(.active, key: "extract-other", parent: "plain", labels: image.labels(2))
            }
            #expect(error?.kind == .alreadyExists)
            // As containerd looks for what it is told of.
            let target = try #require(image.labels(2)[LazyRequest.targetLabel])
            let found = try snapshotter.list([#"labels."containerd.io/snapshot.ref"==\#(target),parent=="plain""#])
            #expect(found.map(\.kind) == [.committed])
            #expect(try snapshotter.stat(image.snapshot(2)).parent == image.snapshot(1))
        }
    }

    @Test func lowerLayersHaveAFolderOfTheirOwn() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            let (one, two) = (shown + ".1", shown + ".2")
            #expect(try snapshotter.create(.view, key: "view-1", parent: image.snapshot(1)) == bind(one))
            #expect(try snapshotter.create(.view, key: "view-2", parent: image.snapshot(2)) == bind(two))
            #expect(try FolderListing.names(in: one + "/etc").sorted() == ["deleted", "kept", "replaced"])
            #expect(try FolderListing.names(in: two + "/etc").sorted() == ["kept", "replaced"])
            #expect(try read(one + "/etc/replaced") == "first")
            #expect(try read(two + "/etc/replaced") == "second")
            // A layer that was pulled on top of two lazy ones.
            let active = try snapshotter.create(.active, key: "tmp", parent: image.snapshot(2))
            #expect(active == (try overlay(snapshotter, "tmp", [two])))
            let id = try snapshotter.store.stat("tmp").id
            try snapshotter.commit("tmp", as: "plain")
            let above = try snapshotter.create(.active, key: "above", parent: "plain")
            #expect(above == (try overlay(snapshotter, "above", ["\(snapshots)/\(id)/fs", two])))
            #expect(
                try snapshotter.create(.view, key: "view-3", parent: "plain") == [
                    SnapshotMount(
                        type: "overlay", source: "overlay", options: ["lowerdir=\(snapshots)/\(id)/fs:\(two)"])
                ])
        }
    }

    @Test func theMountsAreMountable() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            let mount = try #require(try snapshotter.create(.active, key: "a", parent: image.snapshot(3)).first)
            let target = folder.path + "/target"
            try TestTool.run(["mkdir", target])
            let options = mount.options.joined(separator: ",")
            try TestTool.run(["mount", "-t", mount.type, mount.source, target, "-o", options])
            defer { umount2(target, Int32(MNT_DETACH)) }
            #expect(try read(target + "/top") == "third")
            try TestTool.write(Array("new".utf8), to: target + "/etc/replaced")
            #expect(unlink(target + "/etc/kept") == 0)
            #expect(try FolderListing.names(in: target + "/etc") == ["replaced"])
            #expect(try read(target + "/etc/replaced") == "new")
            #expect(try read(shown + "/etc/replaced") == "third")
        }
    }

    @Test func removalGivesTheImageUp() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            _ = try snapshotter.create(.active, key: "a", parent: image.snapshot(2))
            #expect(try FolderListing.names(in: folder.path + "/images").count == 2)
            try snapshotter.remove(image.snapshot(3))
            #expect(throws: SnapshotError.self) { try snapshotter.remove(image.snapshot(2)) }
            #expect(try FolderListing.names(in: folder.path + "/images").count == 2)
            for name in ["a", image.snapshot(2), image.snapshot(1)] { try snapshotter.remove(name) }
            #expect(try FolderListing.names(in: folder.path + "/images") == [])
            #expect(try FolderListing.names(in: snapshots) == [])
            // It can be had again at once.
            try pull(snapshotter)
            #expect(try snapshotter.create(.view, key: "v", parent: image.snapshot(3)) == bind(shown))
            #expect(try read(shown + "/top") == "third")
        }
    }

    @Test func theNextDaemonShowsItAgain() throws {
        var before: [SnapshotMount] = []
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            before = try snapshotter.create(.active, key: "a", parent: image.snapshot(2))
            #expect(try read(shown + ".2/etc/replaced") == "second")
        }
        #expect(try FolderListing.names(in: folder.path + "/images") == [])
        try withDaemon(lazy: false) { (snapshotter) throws in
            let error = #expect(throws: HermesError.self) { try snapshotter.mounts("a") }
            #expect(error?.code == .unavailable)
            #expect(throws: HermesError.self) { try snapshotter.create(.view, key: "v", parent: image.snapshot(1)) }
            #expect(throws: SnapshotError.self) { try snapshotter.stat("v") }
        }
        try withDaemon { (snapshotter) throws in
            #expect(try FolderListing.names(in: folder.path + "/images") == [image.image.descriptor.digest.hex])
            #expect(try snapshotter.mounts("a") == before)
            #expect(try read(shown + ".2/etc/replaced") == "second")
        }
        // Without the cache it is found again, as a container needs it.
        try TestTool.run(["rm", "-r", folder.path + "/cache"])
        try withDaemon { (snapshotter) throws in
            #expect(try FolderListing.names(in: folder.path + "/images") == [])
            #expect(try snapshotter.mounts("a") == before)
            #expect(try read(shown + ".2/etc/kept") == "first")
        }
    }

    @Test func anImageThatIsNowhereFailsTheContainer() throws {
        try withDaemon { (snapshotter) throws in
            let registry = image.name.prefix { $0 != "/" }
            let base = LazyBase(image: .of([1]), reference: "\(registry)/test/nothing:latest", layers: 1)
            try snapshotter.store.addLazy("nothing", parent: "", labels: [:], base)
            for kind in [SnapshotKind.active, .view] {
                let error = #expect(throws: HermesError.self) {
                    try snapshotter.create(kind, key: "a", parent: "nothing")
                }
                #expect(error?.code == .unavailable)
            }
            #expect(try FolderListing.names(in: snapshots) == [])
            #expect(try snapshotter.store.ids().count == 1)
            // The others go on.
            try pull(snapshotter)
        }
    }

    @Test func whatCannotBeShownIsPulled() throws {
        let plain = try RegistryImage([["a": "b"]], isIndexed: false)
        try withDaemon { (snapshotter) throws in
            var layerOfAnother = image.labels(2)
            layerOfAnother["containerd.io/snapshot/cri.layer-digest"] =
                image.labels(1)[
                    "containerd.io/snapshot/cri.layer-digest"]
            var otherChain = image.labels(1)
            otherChain["containerd.io/snapshot.ref"] = plain.snapshot(1)
            var otherManifest = image.labels(1)
            otherManifest["containerd.io/snapshot/cri.manifest-digest"] = "\(Digest.of([1]))"
            for (key, labels) in [
                ("no index", plain.labels(1)), ("no labels", [:]), ("another layer", layerOfAnother),
                ("another chain", otherChain), ("no manifest", otherManifest),
            ] {
                let mounts = try snapshotter.create(.active, key: key, parent: "", labels: labels)
                let id = try snapshotter.store.stat(key).id
                #expect(
                    mounts == [SnapshotMount(type: "bind", source: "\(snapshots)/\(id)/fs", options: ["rw", "rbind"])])
            }
            // A view is no pull, whatever its labels.
            _ = try snapshotter.create(.view, key: "view", parent: "", labels: image.labels(1))
            #expect(try snapshotter.store.lazyBases() == [])
        }
    }

    /// This mount ends with its daemon, and does not map owners.
    @Test func aUserNamespaceThatCannotBeShownLeavesNoSnapshot() throws {
        try withDaemon { (snapshotter) throws in
            try pull(snapshotter)
            let labels = [OwnerMapping.usersLabel: "0:100000:9", OwnerMapping.groupsLabel: "0:100000:9"]
            let error = #expect(throws: SnapshotError.self) {
                try snapshotter.create(.active, key: "mapped", parent: image.snapshot(3), labels: labels)
            }
            #expect(error?.kind == .failedPrecondition)
            #expect(throws: SnapshotError.self) { try snapshotter.stat("mapped") }
            #expect(try FolderListing.names(in: snapshots).isEmpty)
        }
    }

    @Test func refusedCallsLeaveNoImage() throws {
        try withDaemon { (snapshotter) throws in
            let error = #expect(throws: SnapshotError.self) {
                try snapshotter.create(.active, key: "a", parent: "missing", labels: image.labels(2))
            }
            #expect(error?.kind == .notFound)
            #expect(try FolderListing.names(in: folder.path + "/images") == [])
            #expect(try snapshotter.store.ids().isEmpty)
            // A second pull of the same changes nothing.
            try pull(snapshotter, 1)
            let before = try snapshotter.store.records()
            try pull(snapshotter, 1)
            #expect(try snapshotter.store.records() == before)
        }
    }

    @Test func manyAskAtOnce() async throws {
        let (image, path) = (image, folder.path)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let snapshotter = try OverlaySnapshotter(root: path, lazy: DaemonConfiguration(), log: log)
        let release = try showing(snapshotter)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try await onBlockingThread {
                        for count in 1...3 {
                            #expect(throws: SnapshotError.self) {
                                try snapshotter.create(
                                    .active, key: "extract-\(number)-\(count)", parent: image.snapshot(count - 1),
                                    labels: image.labels(count))
                            }
                        }
                        for count in 1...3 {
                            _ = try snapshotter.create(
                                .active, key: "\(number)-\(count)", parent: image.snapshot(count))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        release()
        #expect(try FolderListing.names(in: path + "/images").count == 3)
        #expect(try FolderListing.names(in: path + "/snapshots").count == 24)
        #expect(try snapshotter.store.ids().count == 27)
        snapshotter.close()
    }
}
