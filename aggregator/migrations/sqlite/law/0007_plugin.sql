-- What a component says of itself, by its digest.
CREATE TABLE plugin (
    digest   TEXT    PRIMARY KEY,
    describe TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
