extension SQLiteConnection {
    /// The version of the database's schema, as its owner counts it (PRAGMA user_version); 0 for a new one. Its range is
    /// that of Int32.
    package var userVersion: Int64 {
        get throws { try row("PRAGMA user_version") { try $0.int64(0) } ?? 0 }
    }

    /// Brings the schema to a version: `steps[n]` makes version n + 1 of version n, so there are `version` steps. Each
    /// runs in a transaction of its own together with the change of the number. So a kill between two steps loses
    /// nothing, and of two processes that migrate at the same time only one runs each step.
    ///
    /// Throws `unsupported` for a database of a newer version, and leaves it alone.
    package func migrate(to version: Int64, steps: [(SQLiteConnection) throws -> Void]) throws {
        guard version == steps.count else {
            throw HermesError(.system, "\(steps.count) steps cannot bring the database \(path) to version \(version)")
        }
        // The first check takes no lock, because there is usually nothing to do.
        while try checkedVersion(upTo: version) < version {
            try transaction {
                let current = try checkedVersion(upTo: version)
                guard current < version else { return }
                try steps[Int(current)](self)
                try execute("PRAGMA user_version = \(current + 1)")
            }
        }
    }

    private func checkedVersion(upTo version: Int64) throws -> Int64 {
        let current = try userVersion
        guard current >= 0 else { throw HermesError(.corrupt, "the database \(path) has the version \(current)") }
        guard current <= version else {
            throw HermesError(
                .unsupported,
                "the database \(path) has the version \(current), and this program knows at most \(version)",
                advice: "use the newer program that wrote it, or move the file away")
        }
        return current
    }
}
