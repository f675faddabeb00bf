-- Tokens by their public id, which is random; of the secret only its hash.
CREATE TABLE token (
    tenant        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    secret_sha256 BLOB    NOT NULL CHECK (length(secret_sha256) = 32),
    role          TEXT    NOT NULL,
    classes       TEXT    NOT NULL,
    created_by    TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    -- One that was revoked stays, so that its id still says who minted it and when it ended.
    revoked_at_ms INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_id ON token (id);
