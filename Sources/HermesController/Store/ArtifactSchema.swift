/// The tables of the artifacts (docs/formats.md).
enum ArtifactSchema {
    // AUTOINCREMENT: an id is the cursor of a listing, so it must not come back.
    static let version1 = """
        CREATE TABLE artifacts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            image TEXT NOT NULL,
            platform TEXT NOT NULL,
            source TEXT NOT NULL,
            config TEXT,
            index_digest TEXT,
            index_type TEXT,
            index_size INTEGER,
            error TEXT,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            used INTEGER NOT NULL,
            UNIQUE (image, platform),
            CHECK ((index_digest IS NULL) = (index_type IS NULL)),
            CHECK ((index_digest IS NULL) = (index_size IS NULL)),
            CHECK ((index_digest IS NULL) = (error IS NOT NULL))
        ) STRICT;
        CREATE INDEX artifacts_index ON artifacts (index_digest);
        CREATE INDEX artifacts_used ON artifacts (used);
        CREATE TABLE layers (
            artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            layer TEXT NOT NULL,
            layer_type TEXT NOT NULL,
            span_size INTEGER,
            ztoc TEXT NOT NULL,
            ztoc_size INTEGER NOT NULL,
            no_xattrs INTEGER NOT NULL CHECK (no_xattrs IN (0, 1)),
            PRIMARY KEY (artifact, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX layers_layer ON layers (layer, span_size);
        CREATE INDEX layers_ztoc ON layers (ztoc);
        CREATE TABLE ztocs (
            layer TEXT NOT NULL,
            layer_type TEXT NOT NULL,
            span_size INTEGER NOT NULL,
            ztoc TEXT NOT NULL,
            ztoc_size INTEGER NOT NULL,
            no_xattrs INTEGER NOT NULL CHECK (no_xattrs IN (0, 1)),
            PRIMARY KEY (layer, span_size)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ztocs_ztoc ON ztocs (ztoc);
        CREATE TABLE imports (
            path TEXT PRIMARY KEY,
            finished INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// With the size of an image, and a way to it by the text of a Pod.
    static let version2 = """
        ALTER TABLE artifacts ADD COLUMN image_size INTEGER;
        CREATE INDEX artifacts_source ON artifacts (source);
        """
}
