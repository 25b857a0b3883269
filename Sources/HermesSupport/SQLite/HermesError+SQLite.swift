import CSQLite
import Glibc

extension HermesError {
    /// The error of a failed call of SQLite on the database at `path`; the class follows from the code, and where that
    /// only says that input or output failed, from `systemError`, the errno underneath.
    static func sqlite(_ action: String, _ path: String, _ error: SQLiteError, systemError: Int32 = 0) -> HermesError {
        let full = error.code == SQLITE_FULL || [ENOSPC, EDQUOT].contains(systemError)
        let code: Code =
            switch error.code {
            case _ where full: .cannotCreate
            case SQLITE_CANTOPEN: .cannotCreate
            case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: .denied
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            case SQLITE_BUSY, SQLITE_LOCKED: .unavailable
            case SQLITE_NOMEM: .system
            default: .io
            }
        let advice = full ? "free some space there" : nil
        return HermesError(code, "cannot \(action) the database \(path)", cause: error, advice: advice)
    }
}
