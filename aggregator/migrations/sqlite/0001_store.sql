-- What the store knows of itself: its random incarnation, keys that never leave it.
CREATE TABLE store_fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
