import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Archives of other programs, read by the parser and by Python's tarfile.
@Suite struct TarParserToolTests {
    private func check(_ path: String) throws -> [TarEntry] {
        let expected = try TestTool.run([TestTool.python, Fixture.path("tar-dump.py"), path])
            .text
            .split(separator: "\n").map(String.init)
        let bytes = try TestTool.read(path)
        let (entries, size) = try parseTar(bytes)
        #expect(entries.map(\.dump) + [String(size)] == expected)
        for piece in [1, 7, 511, 512, 513] {
            #expect(try parseTar(bytes, piece: piece).entries == entries, "in pieces of \(piece)")
        }
        return entries
    }

    /// A folder with every kind of file that needs no privilege.
    private static let makeTree = """
        set -e; mkdir -p $0/tree/sub/.wh.gone; cd $0/tree
        seq 1 3000 > numbers; cp /bin/true program; chmod 4755 program; ln numbers hard; ln -s /etc/passwd soft
        : > empty; mkfifo pipe; touch -d '1969-12-31T23:59:58.75Z' old; touch -d '2038-02-01T00:00:00.123456789Z' new
        head -c 100000 /dev/urandom > sub/random; mkdir $(printf 'n%.0s' $(seq 90)); cd nn*; touch $(printf 'x%.0s' $(seq 99))
        """

    @Test(arguments: ["v7", "ustar", "gnu", "oldgnu", "posix"]) func gnuTar(format: String) throws {
        try TestTool.withFolder { folder in
            try TestTool.run(["sh", "-c", Self.makeTree, folder])
            // V7 has no room for the fifo and the long name, V7 and ustar none for times before 1970.
            let small =
                (format == "v7" ? ["--exclude=pipe", "--exclude=nn*"] : [])
                + (format == "v7" || format == "ustar" ? ["--exclude=old"] : [])
            try TestTool.run(
                ["tar", "-C", folder, "--format=\(format)", "--sort=name"] + small + [
                    "-cf", folder + "/t", "tree",
                ])
            let entries = try check(folder + "/t")
            #expect(entries.count == ["v7": 10, "ustar": 13][format] ?? 14)
            #expect(entries.contains { $0.kind == .hardLink && $0.linkName.text == "tree/hard" })
            if format == "posix" {
                let new = try #require(entries.first { $0.name.text == "tree/new" })
                #expect(new.modificationTime == Timestamp(seconds: 2_148_595_200, nanoseconds: 123_456_789))
                let old = try #require(entries.first { $0.name.text == "tree/old" })
                #expect(old.modificationTime == Timestamp(seconds: -2, nanoseconds: 750_000_000))
            }
        }
    }

    @Test(arguments: ["ustar", "pax", "gnutar", "v7"]) func bsdTar(format: String) throws {
        try TestTool.withFolder { folder in
            try TestTool.run([
                "sh", "-c", Self.makeTree + "; rm -rf ../../tree/nn* ../../tree/pipe", folder,
            ])
            try TestTool.run(["bsdtar", "-C", folder, "--format=\(format)", "-cf", folder + "/t", "tree"])
            // V7 and ustar have no room for times before 1970.
            #expect(try check(folder + "/t").count == ["v7": 10, "ustar": 10][format] ?? 11)
        }
    }

    @Test(arguments: ["ustar", "gnu", "pax"]) func pythonTar(format: String) throws {
        try TestTool.withFolder { folder in
            let path = folder + "/t"
            try TestTool.run([TestTool.python, Fixture.path("tar-make.py"), path, format])
            let entries = try check(path)
            #expect(entries.count == ["ustar": 10, "gnu": 16, "pax": 19][format])
        }
    }

    @Test func extendedAttributes() throws {
        try TestTool.withFolder { folder in
            try TestTool.run([
                "sh", "-c",
                "cd $0; echo x > a; setfattr -n user.colour -v $(seq -s, 500) a; tar --xattrs -cf t a",
                folder,
            ])
            let entries = try check(folder + "/t")
            let value = (1...500).map(String.init).joined(separator: ",")
            #expect(entries[0].paxRecords["SCHILY.xattr.user.colour"]?.text == value)
        }
    }

    @Test(arguments: [
        ["--format=gnu"], ["--format=oldgnu"], ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"], ["--format=posix", "--sparse-version=1.0"],
    ])
    func sparse(options: [String]) throws {
        try TestTool.withFolder { folder in
            // One file with few stretches, one with more than fit in a header or a block, one that is only a hole.
            try TestTool.run([
                "sh", "-c",
                """
                set -e; cd $0; truncate -s 1M few hole; yes few | dd of=few bs=4096 seek=3 count=2 conv=notrunc 2>/dev/null
                truncate -s 5000001 many
                for i in $(seq 3 4 400); do seq $i $((i+900)) | dd of=many bs=4096 seek=$i count=1 conv=notrunc 2>/dev/null; done
                echo after > plain
                """, folder,
            ])
            try TestTool.run(
                ["tar", "-C", folder, "-S"] + options + [
                    "-cf", folder + "/t", "few", "many", "hole", "plain",
                ])
            let entries = try check(folder + "/t")
            #expect(entries.map(\.name.text) == ["few", "many", "hole", "plain"])
            #expect(entries[1].paxRecords["GNU.sparse.realsize"]?.text == "5000001")
            #expect((entries[1].paxRecords["GNU.sparse.map"]?.text ?? "").split(separator: ",").count >= 100)
            #expect(entries[3].paxRecords["GNU.sparse.map"] == nil)
            // Only format 1.0 has its map in the data.
            let hasMapInData = entries[1].paxRecords["HERMES.sparse.dataoffset"] != nil
            #expect(hasMapInData == (options.last == "--sparse-version=1.0"))
        }
    }
}
