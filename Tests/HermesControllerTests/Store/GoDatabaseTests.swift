import HermesCore
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesController

/// The database is made by Python's sqlite3, with the tables of the controller in Go.
@Suite struct GoDatabaseTests {
    private static let script = """
        import json, sqlite3, sys
        path, rows = sys.argv[1], json.load(open(sys.argv[2]))
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript('''
            CREATE TABLE image_artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, source_image_ref TEXT NOT NULL,
                image_digest_ref TEXT NOT NULL, image_manifest_digest TEXT, image_config_digest TEXT, platform TEXT NOT NULL,
                acceleration_key TEXT NOT NULL DEFAULT '', index_digest TEXT, index_media_type TEXT, index_size INTEGER,
                soci_version TEXT, span_size INTEGER, min_layer_size INTEGER, build_status TEXT, build_started_at DATETIME,
                build_finished_at DATETIME, error TEXT, created_at DATETIME, updated_at DATETIME,
                UNIQUE (image_digest_ref, platform, acceleration_key));
            CREATE TABLE artifact_blobs (digest TEXT PRIMARY KEY, media_type TEXT, size INTEGER, content BLOB,
                created_at DATETIME);
            CREATE TABLE artifact_layers (image_artifact_id INTEGER REFERENCES image_artifacts (id) ON DELETE CASCADE,
                layer_digest TEXT, ztoc_digest TEXT, ztoc_size INTEGER, PRIMARY KEY (image_artifact_id, layer_digest));
        ''')
        for digest, file in rows["blobs"].items():
            content = open(file, "rb").read()
            db.execute("INSERT INTO artifact_blobs VALUES (?, 'x', ?, ?, '2026-01-01')", (digest, len(content), content))
        for image, key, index, status in rows["artifacts"]:
            db.execute("INSERT INTO image_artifacts (source_image_ref, image_digest_ref, image_config_digest, platform,"
                "acceleration_key, index_digest, build_status) VALUES ('app:1', ?, '', 'linux/amd64', ?, ?, ?)",
                (image, key, index, status))
        db.commit()
        if "--killed" in sys.argv:
            # What a kill leaves: the rows are in the WAL.
            import os
            os._exit(0)
        """

    private struct Rows: Encodable {
        var blobs: [String: String] = [:]
        var artifacts: [[String]] = []
    }

    /// An index with one zTOC, as rows.
    private static func add(
        _ name: String, _ ztoc: [UInt8], key acceleration: String = "", status: String = "ready", to rows: inout Rows,
        in folder: TestFolder, damage: Bool = false
    ) throws -> SOCIIndex.Layer {
        let key = try TestArtifacts.key(name)
        let blob = Descriptor(mediaType: "application/x", digest: Digest.of(Array(name.utf8)), size: 1)
        let layer = SOCIIndex.Layer(
            digest: Digest.of(ztoc), size: Int64(ztoc.count), layer: blob, spanSize: 4 << 20, disableXattrs: false)
        let index = TestArtifacts.index(key, [layer])
        let digest = Digest.of(index)
        rows.blobs[digest.description] = try folder.write(digest.hex, index)
        rows.blobs[layer.digest.description] = try folder.write(
            layer.digest.hex, damage ? ztoc.dropLast() + [ztoc[0] ^ 1] : ztoc)
        rows.artifacts.append([key.image, acceleration, digest.description, status])
        return layer
    }

    @Test(arguments: [false, true]) func readyArtifactsAreTakenOver(wasKilled: Bool) throws {
        let folder = try TestFolder()
        var rows = Rows()
        let layer = try Self.add("app", testBytes(600_000, seed: 1), to: &rows, in: folder)
        _ = try Self.add("app", testBytes(1000, seed: 2), key: "profile", to: &rows, in: folder)
        _ = try Self.add("damaged", testBytes(1000, seed: 3), to: &rows, in: folder, damage: true)
        _ = try Self.add("failed", [4], status: "failed", to: &rows, in: folder)
        _ = try Self.add("here", [5], to: &rows, in: folder)
        let foreign = try Self.add("foreign", [6], to: &rows, in: folder)
        rows.artifacts[5][0] = try TestArtifacts.key("another").image
        rows.artifacts.append(["not an image", "", rows.artifacts[0][2], "ready"])
        rows.artifacts.append([try TestArtifacts.key("gone").image, "", Digest.of([8]).description, "ready"])
        let path = "\(folder.path)/hermes-cache.db"
        let list = try folder.write("rows.json", try JSON.encode(rows))
        try TestTool.run([TestTool.python, "-c", Self.script, path, list] + (wasKilled ? ["--killed"] : []))
        let before = try TestTool.read(path)

        let store = try ArtifactStore("\(folder.path)/store")
        let here = try TestArtifacts.finish("here", [[7]], in: store)
        let imported = try #require(try store.importGoDatabase(path))
        #expect(imported.artifacts == 1)
        #expect(imported.refused.map(\.code) == [.corrupt, .corrupt, .usage, .notFound])
        #expect(try TestTool.read(path) == before)

        let app = try #require(try store.find(TestArtifacts.key("app")))
        #expect(app.layers == [layer])
        #expect(app.source == "app:1" && app.config == nil)
        #expect(try TestTool.read(store.folder.path(of: layer.digest)) == testBytes(600_000, seed: 1))
        #expect(try store.find(here.key) == here)
        #expect(try store.openBlob(foreign.digest) == nil)
        #expect(try store.importGoDatabase(path) == nil)
    }

    @Test func otherFilesAreNoDatabases() throws {
        let folder = try TestFolder()
        let store = try ArtifactStore("\(folder.path)/store")
        #expect(try store.importGoDatabase("\(folder.path)/none") == nil)
        let path = try folder.write("text", Array(String(repeating: "no database", count: 1000).utf8))
        let error = #expect(throws: HermesError.self) { _ = try store.importGoDatabase(path) }
        #expect(error?.code == .corrupt)
    }
}
