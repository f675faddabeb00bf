-- Decisions as they were answered, without their tickets. A poll that gets the same answer again within a minute
-- updates its row.
CREATE TABLE decision (
    tenant      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    asked_by    TEXT    NOT NULL,
    question    TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    sameness    BLOB    NOT NULL CHECK (length(sameness) = 32),
    noted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX decision_by_id ON decision (id);
CREATE INDEX decision_by_sameness ON decision (tenant, sameness, noted_at_ms);
CREATE INDEX decision_by_age ON decision (noted_at_ms);

-- Tickets by their hash; each starts one deployment.
CREATE TABLE ticket (
    tenant        TEXT    NOT NULL,
    sha256        BLOB    NOT NULL CHECK (length(sha256) = 32),
    decision_id   TEXT    NOT NULL,
    principal     TEXT    NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    PRIMARY KEY (tenant, sha256),
    FOREIGN KEY (tenant, decision_id) REFERENCES decision (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_by_decision ON ticket (tenant, decision_id);
CREATE INDEX ticket_by_age ON ticket (expires_at_ms);
