-- Releases: one per tenant, service and subject, its class fixed with it.
CREATE TABLE release (
    tenant        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    service       TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    class         TEXT    NOT NULL,
    name          TEXT,
    created_by    TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, service, subject)
) STRICT, WITHOUT ROWID;

-- Public ids are random; this finds whose one is.
CREATE INDEX release_by_id ON release (id);

-- Starts of releases. One that never finished is abandoned at its deadline, which readers work out.
CREATE TABLE deployment (
    tenant        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    release_id    TEXT    NOT NULL,
    environment   TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    decision_id   TEXT    NOT NULL,
    started_by    TEXT    NOT NULL,
    started_at_ms INTEGER NOT NULL,
    outcome       TEXT,
    ended_at_ms   INTEGER,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, release_id) REFERENCES release (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_by_release ON deployment (tenant, release_id, started_at_ms);
CREATE INDEX deployment_by_decision ON deployment (tenant, decision_id);
