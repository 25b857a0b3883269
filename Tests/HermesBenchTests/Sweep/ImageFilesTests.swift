import Glibc
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesBench

@Suite struct ImageFilesTests {
    private static func root(_ folder: TestFolder) throws -> OpenFile {
        try OpenFile(folder.path, O_RDONLY | O_DIRECTORY)
    }

    private static func text(_ files: [ReadPlan.File]) -> [String] {
        files.map { "\(String(decoding: $0.path, as: UTF8.self)) \($0.bytes)" }.sorted()
    }

    @Test func regularFilesAreFoundOnce() throws {
        let folder = try TestFolder()
        _ = try TestProcess.run([
            "sh", "-c",
            """
            cd "$0"; mkdir -p some/where empty; printf abc >some/where/file; : >none; ln some/where/file other; ln other again
            ln -s /etc/passwd link; ln -s some loop; mkfifo pipe
            """, folder.path,
        ])
        // Of the three names, "again" sorts first.
        #expect(Self.text(try ImageFiles.all(in: Self.root(folder))) == ["again 3", "none 0"])
    }

    /// A name is bytes, and not text.
    @Test func aNameNeedNotBeText() throws {
        let folder = try TestFolder()
        _ = try TestProcess.run(["sh", "-c", "printf abc >\"$0/$(printf '\\377x')\"", folder.path])
        let root = try Self.root(folder)
        let files = try ImageFiles.all(in: root)
        #expect(files == [.init(path: [0xff, 0x78], bytes: 3)])
        try ShareReader.read(files, of: root) {}
    }

    /// A path beyond PATH_MAX is left out, and ends nothing.
    @Test func aPathMayBeTooLong() throws {
        let folder = try TestFolder()
        _ = try folder.write("file", [1])
        let script = "cd \"$0\"; n=$(printf '%0200d' 0); for i in $(seq 30); do mkdir $n && cd -P $n && : >f; done"
        _ = try TestProcess.run(["bash", "-c", script, folder.path])
        // 200 bytes and a slash for each folder, and less than 4,096 in all.
        #expect(try ImageFiles.all(in: Self.root(folder)).count == 1 + 20)
    }

    @Test func filesAreReadToTheirEnd() throws {
        let folder = try TestFolder()
        _ = try folder.write("large", testBytes(700_000, seed: 1))
        _ = try folder.write("small", [1, 2, 3])
        let root = try Self.root(folder)
        let files = try ImageFiles.all(in: root)
        try ShareReader.read(files, of: root) {}
        // One that is shorter than it was is no success, nor is one that is no longer there, or has become a link.
        #expect(truncate("\(folder.path)/large", 600_000) == 0)
        #expect { try ShareReader.read(files, of: root) {} } throws: { "\($0)".contains("ends after 600000 bytes") }
        #expect(rename("\(folder.path)/large", "\(folder.path)/moved") == 0)
        #expect(throws: HermesError.self) { try ShareReader.read(files, of: root) {} }
        #expect(symlink("moved", "\(folder.path)/large") == 0)
        #expect(throws: HermesError.self) { try ShareReader.read(files, of: root) {} }
    }

    @Test func readingCanBeStopped() throws {
        let folder = try TestFolder()
        _ = try folder.write("file", [1])
        let root = try Self.root(folder)
        let stop = HermesError(.interrupted, "the bench was stopped")
        #expect(throws: HermesError.self) { try ShareReader.read(ImageFiles.all(in: root), of: root) { throw stop } }
    }
}
