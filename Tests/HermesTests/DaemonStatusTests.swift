import HermesCore
import HermesDaemon
import Testing

@testable import HermesSupport
@testable import hermes

@Suite struct DaemonStatusTests {
    private static let status = """
        {"version": "1.2.3", "started": "2026-01-01T00:00:00Z", "written": "2026-01-01T00:01:05Z", "uptimeSeconds": 65,
         "ready": true, "images": [{"image": "registry.example/app:1\\u001b[2J", "manifest":
         "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "mounted": "2026-01-01T00:00:00Z",
         "layers": 3, "bytes": 100, "uncompressedBytes": 2048, "presentBytes": 10, "presentUncompressedBytes": 1024,
         "presentPercent": 50, "fetchedBytes": 512, "reads": 9, "failedReads": 1, "parkedReads": 2, "errors": 4,
         "complete": false, "verified": false, "lastError": {"time": "2026-01-01T00:01:00Z", "message": "no\\nanswer"}}],
         "cached": [], "lost": [{"image": "registry.example/old", "manifest":
         "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "cause": "no\\nindex"}],
         "left": [{"time": "2026-01-01T00:00:30Z", "result": "not_asked", "cause": "no labels"}]}
        """

    @Test func theTableHasWhatAPersonAsksFor() throws {
        let status = try JSON.decode(DaemonStatus.self, from: Array(Self.status.utf8), name: "test")
        #expect(
            status.table == """
                hermes 1.2.3, ready, up 1 m 05 s

                IMAGE                       MANIFEST      LAYERS     SIZE     HERE  FETCHED  STATE     WAITING  ERRORS
                registry.example/app:1?[2J  0123456789ab       3  2.0 KiB  50.00 %    512 B  fetching        2       4

                last errors:
                registry.example/app:1?[2J: 2026-01-01T00:01:00Z no?answer

                lost, so that their containers have to be started again:
                registry.example/old: no?index

                LEFT TO CONTAINERD  TIME                  RESULT     CAUSE
                -                   2026-01-01T00:00:30Z  not_asked  no labels
                """)
    }

    @Test func theRoleHasACommand() throws {
        #expect(try Hermes.parseAsRoot(["daemon", "--address", "/s"]) is DaemonCommand)
        let command = try Hermes.parseAsRoot(["daemon", "status", "--address", "/s", "--format", "json"])
        #expect((command as? DaemonStatusCommand)?.daemon.address == "/s")
        #expect(throws: (any Error).self) { try Hermes.parseAsRoot(["daemon", "stats"]) }
    }
}
