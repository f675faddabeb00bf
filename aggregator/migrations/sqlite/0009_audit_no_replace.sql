-- `INSERT OR REPLACE` takes the row away without a delete trigger, unless the connection asks for recursive ones. So an
-- entry that is there is looked for before each insert, by its key and by its rowid, whoever's connection it is.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE tenant = NEW.tenant AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
