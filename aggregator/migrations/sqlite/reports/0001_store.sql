-- What this file knows of itself: which store it belongs to.
CREATE TABLE store_fact (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
