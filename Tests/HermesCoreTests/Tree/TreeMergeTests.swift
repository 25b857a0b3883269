import Glibc
import HermesTestKit
import Testing

@testable import HermesCore

/// The merged tree against overlayfs itself.
@Suite(.enabled(if: OverlayTool.isAvailable)) struct TreeMergeTests {
    typealias Make = (inout LayerArchive) -> Void

    /// Compares an image of the layers that the closures make.
    private func check(_ layers: Make..., sharesLower: Bool = false) throws {
        try OverlayTool.compare([layers.map { LayerArchive.make($0) }], sharesLower: sharesLower)
    }

    private let base: Make = { layer in
        layer.directory("./", mode: 0o751)
        layer.directory("etc", mode: 0o711)
        layer.file("etc/passwd", "root")
        layer.file("etc/group", "wheel")
        layer.directory("usr/lib", mode: 0o700)
        layer.file("usr/lib/libc", "code")
        layer.file("top", "file")
        layer.symbolicLink("lib", "usr/lib")
    }

    @Test func whiteouts() throws {
        try check(base) {
            $0.file("etc/.wh.passwd", "")
            $0.file(".wh.usr", "")
            $0.file(".wh.nothing", "")
            $0.file("etc/deep/.wh.nothing", "")
            $0.file(".wh.lib", "")
        }
        try check(base, { $0.file("etc/.wh.passwd", "") }, { $0.file("etc/passwd", "again") })
        try check(base, { $0.file(".wh.etc", "") }, { $0.file("etc/new") })
    }

    @Test func whiteoutAndEntryOfOneName() throws {
        try check(base) {
            $0.file(".wh.top", "")
            $0.file("top", "new")
            $0.file("etc/group", "new")
            $0.file("etc/.wh.group", "")
        }
        try check(base) {
            $0.file(".wh.etc", "")
            $0.directory("etc")
            $0.file("etc/mine")
        }
        try check(base) {
            $0.file("etc/mine")
            $0.file(".wh.etc", "")
        }
        try check(base) {
            $0.file(".wh.etc", "")
            $0.file("etc", "a file")
            $0.directory("etc")
            $0.file("usr", "a file")
            $0.file(".wh.usr", "")
            $0.file("usr/mine", "and a folder again")
        }
    }

    @Test func opaqueDirectories() throws {
        try check(base) {
            $0.directory("etc", mode: 0o1777)
            $0.file("etc/.wh..wh..opq", "")
            $0.file("etc/mine")
        }
        try check(base) {
            $0.file("usr/lib/mine")
            $0.file("usr/.wh..wh..opq", "")
        }
        try check(base) {
            $0.file("mine")
            $0.file(".wh..wh..opq", "")
        }
        try check(base, { $0.file("etc/.wh..wh..opq", "") }, { $0.file("etc/late") })
        try check(base) {
            $0.file("etc/.wh..wh.plnk", "bookkeeping")
            $0.directory(".wh..wh.aufs")
            $0.file("etc/.wh.", "no name")
        }
    }

    @Test func kindsThatReplaceOthers() throws {
        try check(base, { $0.file("usr", "now a file") }, { $0.file("usr/back") })
        try check(base, { $0.directory("top") }, { $0.file("top", "back") })
        try check(base, { $0.file("lib/mine", "through a lower link") })
        try check(base) {
            $0.file("etc", "1")
            $0.directory("etc")
            $0.file("etc/a", "2")
            $0.file("etc", "3")
            $0.file("etc/b", "4")
        }
        try check(base) {
            $0.file("twice", "first")
            $0.file("twice", "second")
            $0.directory("folder", mode: 0o700)
            $0.file("folder/stays")
            $0.directory("folder", mode: 0o755)
            $0.symbolicLink("twice", "third")
        }
        try check(base, { $0.add(Array("usr".utf8), type: "3") }, { $0.file("usr/new") })
        try check(base) { $0.add(Array("etc/passwd".utf8), type: "3") }
    }

    @Test func namesInOddForms() throws {
        try check {
            $0.file("/absolute")
            $0.file("./dotted")
            $0.file("../../outside")
            $0.file("a//b///c")
            $0.file("x/../y/./z")
            $0.file("missing/parents/of/this")
            $0.directory("trailing///")
            $0.file("..", "the root is no file")
        }
    }

    /// Entries that name one folder in the same way, while the way comes to lead elsewhere.
    @Test func aFolderThatChangesBetweenEntries() throws {
        try check(base) {
            $0.file("a/b/one")
            $0.file("a/b", "no folder")
            $0.file("a/b/two")
            $0.file("a/b/three")
        }
        try check(base) {
            $0.directory("first")
            $0.directory("second")
            $0.symbolicLink("way", "first")
            $0.file("way/one")
            $0.symbolicLink("way", "second")
            $0.file("way/two")
            $0.file("way/.wh.three", "")
            $0.file("second", "no folder")
            $0.file("way/four")
        }
        try check(base) {
            $0.file("etc/one")
            $0.file("etc/./two")
            $0.file("./etc/three")
            $0.file("etc/../four")
            $0.file("etc/..five")
            $0.file("etc/.s")
            $0.file("etc//six")
            $0.file("//seven")
            $0.directory("etc/eight//")
            $0.directory("etc/nine/.")
            $0.file("etc/eight/ten")
        }
    }

    @Test func parentsThatAreLinks() throws {
        try check {
            $0.directory("real/deep")
            $0.symbolicLink("relative", "real/deep")
            $0.file("relative/one")
            $0.symbolicLink("absolute", "/real")
            $0.file("absolute/two")
            $0.symbolicLink("real/up", "../..//other")
            $0.file("real/up/three")
            $0.symbolicLink("dangling", "made/when/needed")
            $0.file("dangling/four")
            $0.symbolicLink("round", "about")
            $0.symbolicLink("about", "round")
            $0.file("round/lost")
            $0.file("dangling/.wh.five", "")
            $0.hardLink("six", "relative/one")
        }
    }

    @Test func hardLinksInOneLayer() throws {
        try check {
            $0.file("a", "one")
            $0.hardLink("b", "a")
            $0.hardLink("c", "./b")
            $0.file("a", "other")
            $0.hardLink("d", "/a")
            $0.hardLink("forward", "later")
            $0.hardLink("chained", "forward")
            $0.hardLink("again", "chained")
            $0.file("later", "came last")
            $0.hardLink("nothing", "nowhere")
            $0.hardLink("to-nothing", "nothing")
            $0.directory("folder")
            $0.hardLink("to-folder", "folder")
            $0.hardLink("self", "self")
            $0.hardLink("ping", "pong")
            $0.hardLink("pong", "ping")
            $0.hardLink("to-round", "ping")
            $0.symbolicLink("soft", "a")
            $0.hardLink("soft-too", "soft")
            $0.hardLink("empty", "")
            $0.add(Array("pipe".utf8), type: "6")
            $0.hardLink("pipe-too", "pipe")
        }
    }

    @Test func hardLinksToSymbolicLinksLeadOn() throws {
        try check({
            $0.directory("folder")
            $0.symbolicLink("soft", "folder")
            $0.hardLink("hard", "soft")
            $0.file("hard/file")
            $0.hardLink("found", "hard/file")
        })
    }

    @Test func hardLinksToLowerLayers() throws {
        try check(
            base,
            {
                $0.hardLink("passwd", "etc/passwd")
                $0.hardLink("passwd-too", "passwd")
                $0.hardLink("through-link", "lib/libc")
                $0.hardLink("nothing", "etc/nothing")
            },
            {
                $0.hardLink("third", "passwd-too")
                $0.hardLink("early", "late")
                $0.hardLink("late", "top")
                $0.file(".wh.passwd", "")
            }, sharesLower: true)
        let image = try CompiledImage([
            LayerArchive.make(base),
            LayerArchive.make {
                $0.hardLink("two", "one")
                $0.hardLink("one", "etc/passwd")
            }, LayerArchive.make { $0.hardLink("three", "two") },
        ])
        let numbers = try ["/etc/passwd", "/one", "/two", "/three"].map { try image.tree.resolve($0) }
        #expect(Set(numbers).count == 1)
        #expect(image.tree.inode(numbers[0])?.pointee.linkCount == 4)
    }

    @Test func attributes() throws {
        let name: [UInt8] = [0xff, 0xfe, 0x20, 0x0a, 0x5c, 0xc3]
        let long = [UInt8](repeating: 0xe4, count: 255)
        try check {
            $0.add(name, type: "0", mode: 0o4755, uid: 1_000, gid: 65_534, seconds: -1_000_000_000, Array("x".utf8))
            $0.add(long, type: "0", mode: 0o600, seconds: 9_000_000_000, nanoseconds: 987_654_321)
            $0.add(long + [0xe4], type: "0")
            $0.add(long + Array("/".utf8) + name, type: "5", mode: 0o1777, seconds: -5, nanoseconds: 250_000_000)
            $0.add(Array("null".utf8), type: "3", mode: 0o666, device: (1, 3))
            $0.add(Array("disk".utf8), type: "4", mode: 0o660, device: (259, 70_000))
            $0.add(Array("pipe".utf8), type: "6", mode: 0o620)
            $0.add(
                Array("capable".utf8), type: "0", mode: 0o755,
                xattrs: [
                    ("user.name", Array("value with = and \n".utf8)), ("trusted.bytes", [0, 1, 2, 255, 254, 0]),
                    ("security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                ], Array("binary".utf8))
            $0.add(Array("folder".utf8), type: "5", mode: 0o2770, uid: 7, gid: 8, xattrs: [("user.of", [9])])
            $0.symbolicLink("link", String(repeating: "long/", count: 500))
        } _: {
            $0.file("folder/implied", "its folder has the attributes of the one below")
        }
    }

    /// Random layers over a few names, so that everything meets everything.
    @Test(arguments: [1, 2, 3, 4]) func randomImages(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var images: [[[UInt8]]] = []
        for _ in 0..<50 {
            images.append(
                (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.randomLayer(&random) })
        }
        // A link whose target was replaced by a folder may find a file of a lower layer.
        try OverlayTool.compare(images, sharesLower: true)
    }

    private static func randomLayer(_ random: inout SeededGenerator) -> [UInt8] {
        func name() -> String {
            let depth = Int.random(in: 1...3, using: &random)
            return (0..<depth).map { _ in ["a", "b", "c", "d", ".."].randomElement(using: &random) ?? "a" }
                .joined(separator: "/")
        }
        return LayerArchive.make { layer in
            // Links only to this layer's own names: overlayfs has no others.
            var files: [String] = []
            for number in 0..<Int.random(in: 1...14, using: &random) {
                let path = name()
                let parts = path.split(separator: "/")
                let parent = parts.dropLast().map { $0 + "/" }.joined()
                switch Int.random(in: 0...11, using: &random) {
                case 0...3:
                    layer.file(path, "file \(number)")
                    files.append(path)
                case 4...5: layer.directory(path, mode: [0o700, 0o755, 0o1777].randomElement(using: &random) ?? 0o755)
                case 6: layer.symbolicLink(path, Bool.random(using: &random) ? name() : "/" + name())
                case 7: if let last = parts.last, last != ".." { layer.file("\(parent).wh.\(last)", "") }
                case 8: layer.file("\(parent).wh..wh..opq", "")
                case 9: layer.add(Array(path.utf8), type: "6", mode: 0o600 + number)
                case 10: layer.add(Array(path.utf8), type: "3", device: (number % 3, number % 2))
                default: if let target = files.randomElement(using: &random) { layer.hardLink(path, target) }
                }
            }
        }
    }
}
