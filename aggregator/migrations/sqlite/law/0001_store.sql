-- What the store knows of itself: its keys that never leave it, and which file belongs to it.
CREATE TABLE store_fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
