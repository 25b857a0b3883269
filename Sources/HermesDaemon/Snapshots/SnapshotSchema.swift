/// The tables of the snapshots' metadata (docs/formats.md).
enum SnapshotSchema {
    // AUTOINCREMENT: an id names a folder, so it must not come back while that of a removed snapshot is still there.
    static let version1 = """
        CREATE TABLE snapshots (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            parent INTEGER REFERENCES snapshots (id) ON DELETE RESTRICT,
            kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            size INTEGER NOT NULL DEFAULT 0,
            inodes INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX snapshots_parent ON snapshots (parent);
        CREATE TABLE labels (
            snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (snapshot, key)
        ) STRICT, WITHOUT ROWID;
        """

    // Committed snapshots without a folder: `layers` layers of the image whose manifest has the digest `image`.
    static let version2 = """
        CREATE TABLE lazy (
            snapshot INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
            image TEXT NOT NULL,
            reference TEXT NOT NULL,
            layers INTEGER NOT NULL CHECK (layers > 0)
        ) STRICT;
        CREATE INDEX lazy_image ON lazy (image);
        """
}
