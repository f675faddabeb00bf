-- The last known of a check on a node.
CREATE TABLE last_run (
    tenant         TEXT    NOT NULL,
    check_id       BLOB    NOT NULL CHECK (length(check_id) = 16),
    cluster        TEXT    NOT NULL,
    node           TEXT    NOT NULL,
    run_at_ms      INTEGER,
    received_at_ms INTEGER NOT NULL,
    status         TEXT,
    reason         TEXT,
    summary        TEXT,
    failed_step    TEXT,
    evidence       TEXT    NOT NULL DEFAULT '[]',
    problem        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, check_id, cluster, node)
) STRICT, WITHOUT ROWID;

-- Transitions and failures. Their rows are numbered as they come.
CREATE TABLE result (
    number    INTEGER PRIMARY KEY,
    tenant    TEXT    NOT NULL,
    check_id  BLOB    NOT NULL CHECK (length(check_id) = 16),
    run_at_ms INTEGER NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;

CREATE INDEX result_by_check ON result (tenant, check_id, run_at_ms);

-- Their detail: those of one tenant from one batch, from its first number on, as JSON lines in zstd.
CREATE TABLE result_chunk (
    first          INTEGER PRIMARY KEY,
    results        INTEGER NOT NULL,
    tenant         TEXT    NOT NULL,
    cluster        TEXT    NOT NULL,
    node           TEXT    NOT NULL,
    epoch          BLOB    NOT NULL CHECK (length(epoch) = 16),
    received_at_ms INTEGER NOT NULL,
    lines          BLOB    NOT NULL
) STRICT;

CREATE INDEX result_chunk_by_age ON result_chunk (received_at_ms);

-- Counts, from roll-ups alone, by the minute their interval ended in.
CREATE TABLE rollup_minute (
    tenant    TEXT    NOT NULL,
    check_id  BLOB    NOT NULL CHECK (length(check_id) = 16),
    cluster   TEXT    NOT NULL,
    node      TEXT    NOT NULL,
    minute    INTEGER NOT NULL,
    runs      INTEGER NOT NULL,
    by_status TEXT    NOT NULL,
    by_reason TEXT    NOT NULL,
    sketch    TEXT    NOT NULL,
    PRIMARY KEY (tenant, check_id, cluster, node, minute)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollup_by_minute ON rollup_minute (minute);

-- What journeys made at their targets and is not known to be gone.
CREATE TABLE ledger (
    tenant   TEXT    NOT NULL,
    check_id BLOB    NOT NULL CHECK (length(check_id) = 16),
    cluster  TEXT    NOT NULL,
    node     TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    id       TEXT,
    state    TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (tenant, check_id, cluster, node, kind, key)
) STRICT, WITHOUT ROWID;
