// The shim over SQLite. SQLITE_TRANSIENT, which makes SQLite copy what is bound, is a cast that Swift cannot see.
#ifndef HERMES_CSQLITE_H
#define HERMES_CSQLITE_H

#include <sqlite3.h>
#include <stdint.h>

// The bytes are copied. `bytes` is not NULL, as SQLite would bind NULL then, also where `count` is 0.
static inline int hermes_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, uint64_t count) {
    return sqlite3_bind_text64(statement, index, bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int hermes_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, uint64_t count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

#endif
