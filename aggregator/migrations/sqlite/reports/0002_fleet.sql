-- Agents that were heard, and their plugins.
CREATE TABLE agent (
    cluster     TEXT    NOT NULL,
    node        TEXT    NOT NULL,
    heard_at_ms INTEGER NOT NULL,
    PRIMARY KEY (cluster, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_plugin (
    cluster TEXT    NOT NULL,
    node    TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    message TEXT,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (cluster, node, digest)
) STRICT, WITHOUT ROWID;

-- How far each spool epoch of each agent is taken, and the hash over its records up to there.
CREATE TABLE spool_mark (
    cluster TEXT    NOT NULL,
    node    TEXT    NOT NULL,
    epoch   BLOB    NOT NULL CHECK (length(epoch) = 16),
    through INTEGER NOT NULL,
    chain   BLOB    NOT NULL CHECK (length(chain) = 32),
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (cluster, node, epoch)
) STRICT, WITHOUT ROWID;

-- Where checks are intended to run; one that moved away keeps its row for late records.
CREATE TABLE placement (
    tenant   TEXT    NOT NULL,
    check_id BLOB    NOT NULL CHECK (length(check_id) = 16),
    cluster  TEXT    NOT NULL,
    node     TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    PRIMARY KEY (tenant, check_id, cluster, node)
) STRICT, WITHOUT ROWID;

CREATE INDEX placement_by_node ON placement (cluster, node, check_id);
