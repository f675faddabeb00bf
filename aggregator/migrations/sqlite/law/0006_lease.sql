-- The one lease of a mutating check; its token rises. The holder has it without a break since `since_token`.
CREATE TABLE lease (
    tenant      TEXT    NOT NULL,
    check_id    BLOB    NOT NULL CHECK (length(check_id) = 16),
    token       INTEGER NOT NULL,
    since_token INTEGER NOT NULL,
    cluster     TEXT    NOT NULL,
    node        TEXT    NOT NULL,
    ttl_ms      INTEGER NOT NULL,
    PRIMARY KEY (tenant, check_id)
) STRICT, WITHOUT ROWID;
