-- A token that was revoked stays, so that its id still says who minted it and when it ended.
ALTER TABLE token ADD COLUMN revoked_at_ms INTEGER;
