//! Shell: decisions and tickets.

use api::http::decision::Answer;
use api::id::TenantName;
use rusqlite::{OptionalExtension as _, params};

use super::super::StoreError;
use super::super::decision::{DecisionRead, NewDecision, NewTicket, StoredTicket};
use super::column::{json, tenant, to_json};
use super::{ChangeTx, UpkeepTx, View, failed, forget, put};
use crate::authz::{PlatformScope, TenantScope};

impl DecisionRead for View<'_> {
    fn decision_owner(&self, _scope: &PlatformScope, id: &str) -> Result<Option<TenantName>, StoreError> {
        let owner = self
            .connection
            .prepare_cached("SELECT tenant FROM decision WHERE id = ?1")
            .and_then(|mut find| find.query_row([id], |row| row.get::<_, String>(0)).optional());
        owner.map_err(failed("find a decision"))?.map_or(Ok(None), |owner| tenant(&owner))
    }

    fn decision_find(&self, scope: &TenantScope, id: &str) -> Result<Option<Answer>, StoreError> {
        let answer = self
            .connection
            .prepare_cached("SELECT answer FROM decision WHERE tenant = ?1 AND id = ?2")
            .and_then(|mut find| find.query_row([scope.key(), id], |row| row.get::<_, String>(0)).optional());
        answer.map_err(failed("read a decision"))?.map(|answer| json("an answer", &answer)).transpose()
    }

    fn decision_same(
        &self,
        scope: &TenantScope,
        sameness: &[u8; 32],
        since_ms: i64,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT id FROM decision WHERE tenant = ?1 AND sameness = ?2 AND noted_at_ms >= ?3
            ORDER BY noted_at_ms DESC LIMIT 1";
        let values = params![scope.key(), sameness, since_ms];
        let id = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row(values, |row| row.get(0)).optional());
        id.map_err(failed("find the same decision"))
    }

    fn ticket_find(&self, scope: &TenantScope, sha256: &[u8; 32]) -> Result<Option<StoredTicket>, StoreError> {
        let sql = "SELECT ticket.decision_id, ticket.principal, decision.question, ticket.expires_at_ms,
                ticket.used_at_ms IS NOT NULL
            FROM ticket JOIN decision ON decision.tenant = ticket.tenant AND decision.id = ticket.decision_id
            WHERE ticket.tenant = ?1 AND ticket.sha256 = ?2";
        let row = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut find| {
                let columns = find.query_row(params![scope.key(), sha256], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?))
                });
                columns.optional()
            })
            .map_err(failed("read a ticket"))?;
        let Some((decision, principal, question, expires_at_ms, is_used)) = row else {
            return Ok(None);
        };
        let question = json("a question", &question)?;
        Ok(Some(StoredTicket { decision, principal, question, expires_at_ms, is_used }))
    }
}

impl ChangeTx<'_> {
    /// Stores a decision.
    ///
    /// # Errors
    /// The store failed.
    pub fn decision_insert(&self, new: &NewDecision) -> Result<(), StoreError> {
        let sql = "INSERT INTO decision (tenant, id, asked_by, question, answer, sameness, noted_at_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            self.scope().key(),
            new.id,
            self.scope().actor(),
            to_json(&new.question)?,
            to_json(&new.answer)?,
            new.sameness,
            self.at_ms(),
        ];
        put(self.connection(), sql, values, "store a decision")
    }

    /// The same answer again: the row with this id gets its newer instants, unless a ticket or a deployment rests on it.
    ///
    /// # Errors
    /// The store failed.
    pub fn decision_renew(&self, id: &str, answer: &Answer) -> Result<(), StoreError> {
        let sql = "UPDATE decision SET answer = ?3 WHERE tenant = ?1 AND id = ?2
            AND NOT EXISTS (SELECT 1 FROM ticket WHERE tenant = ?1 AND decision_id = ?2)
            AND NOT EXISTS (SELECT 1 FROM deployment WHERE tenant = ?1 AND decision_id = ?2)";
        put(self.connection(), sql, params![self.scope().key(), id, to_json(answer)?], "renew a decision")
    }

    /// Stores the ticket of a decision, bound to whoever acts.
    ///
    /// # Errors
    /// The store failed.
    pub fn ticket_insert(&self, decision: &str, ticket: &NewTicket) -> Result<(), StoreError> {
        let sql = "INSERT INTO ticket (tenant, sha256, decision_id, principal, expires_at_ms)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![self.scope().key(), ticket.sha256, decision, self.scope().actor(), ticket.expires_at_ms];
        put(self.connection(), sql, values, "store a ticket")
    }

    /// Marks a ticket as used now.
    ///
    /// # Errors
    /// The store failed.
    pub fn ticket_use(&self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        let sql = "UPDATE ticket SET used_at_ms = ?3 WHERE tenant = ?1 AND sha256 = ?2 AND used_at_ms IS NULL";
        put(self.connection(), sql, params![self.scope().key(), sha256, self.at_ms()], "use a ticket")
    }
}

impl UpkeepTx<'_> {
    /// Forgets tickets that ended before `tickets_ms`, and decisions noted before `decisions_ms` that started nothing:
    /// some of them, so that whoever waits comes in between. Whether there are more.
    ///
    /// # Errors
    /// The store failed.
    pub fn decisions_forget(&self, tickets_ms: i64, decisions_ms: i64) -> Result<bool, StoreError> {
        let tickets = "DELETE FROM ticket WHERE (tenant, sha256) IN
            (SELECT tenant, sha256 FROM ticket WHERE expires_at_ms < ?1 ORDER BY expires_at_ms LIMIT ?2)";
        let decisions = "DELETE FROM decision WHERE (tenant, id) IN
            (SELECT tenant, id FROM decision WHERE noted_at_ms < ?1
                AND NOT EXISTS (SELECT 1 FROM ticket
                    WHERE ticket.tenant = decision.tenant AND ticket.decision_id = decision.id)
                AND NOT EXISTS (SELECT 1 FROM deployment
                    WHERE deployment.tenant = decision.tenant AND deployment.decision_id = decision.id)
             ORDER BY noted_at_ms LIMIT ?2)";
        let tickets = forget(self.connection, tickets, tickets_ms, "forget tickets")?;
        let decisions = forget(self.connection, decisions, decisions_ms, "forget decisions")?;
        Ok(tickets || decisions)
    }
}

#[cfg(test)]
mod tests {
    use api::http::decision::{Ask, Decision};
    use serde_json::json;

    use super::*;
    use crate::store::change::{ChangeError, Note, Recorded};
    use crate::store::{Config, Store};

    const DAY_MS: i64 = 86_400_000;

    fn answer(id: &str) -> Answer {
        serde_json::from_value(json!({
            "id": id, "decision": Decision::Allow, "code": "ALLOWED", "reason": "deploy of shop to prod is allowed",
            "evaluated_at": "2026-06-01T10:00:00Z", "reasons": [], "requirements": [], "shadow": [],
            "policy_version": "1", "tzdb": "2026a",
        }))
        .expect("an answer")
    }

    fn decision(id: &str) -> NewDecision {
        let question: Ask = serde_json::from_value(json!({"tenant": "acme", "environment": "prod", "service": "shop"}))
            .expect("a question");
        NewDecision { id: id.to_owned(), question, answer: answer(id), sameness: [7; 32] }
    }

    #[tokio::test]
    async fn tickets_and_idle_decisions_are_forgotten_and_nothing_is_seen_from_another_tenant() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, threads) = Store::open(&Config { folder: folder.path().to_owned() }).expect("opened");
        let writers = threads.run_for_test();
        let of = |name: &str| PlatformScope::for_test().tenant(name.parse().expect("a label"));
        let acme = of("acme");
        let made = store.change(&acme, DAY_MS, |tx| {
            tx.decision_insert(&decision("d1"))?;
            tx.ticket_insert("d1", &NewTicket { sha256: [1; 32], expires_at_ms: DAY_MS })?;
            let note = Note { action: "decision.made", subject: "d1".to_owned(), detail: json!({}) };
            Ok(Recorded::noted((), note))
        });
        let made: Result<(), ChangeError<std::convert::Infallible>> = made.await;
        made.expect("made");
        let seen = |name: &'static str| {
            let scope = of(name);
            store.read(move |view| {
                let same = view.decision_same(&scope, &[7; 32], 0)?;
                Ok((view.decision_find(&scope, "d1")?, same, view.ticket_find(&scope, &[1; 32])?.is_some()))
            })
        };
        assert_eq!(seen("acme").await.expect("read"), (Some(answer("d1")), Some("d1".to_owned()), true));
        assert_eq!(seen("globex").await.expect("read"), (None, None, false));
        assert!(!store.upkeep(|tx| tx.decisions_forget(DAY_MS, 2 * DAY_MS)).await.expect("nothing yet"));
        assert!(seen("acme").await.expect("read").2, "its ticket keeps it");
        store.upkeep(|tx| tx.decisions_forget(DAY_MS + 1, DAY_MS)).await.expect("the ticket alone");
        assert_eq!(seen("acme").await.expect("read").0, Some(answer("d1")));
        store.upkeep(|tx| tx.decisions_forget(DAY_MS + 1, DAY_MS + 1)).await.expect("both");
        assert_eq!(seen("acme").await.expect("read"), (None, None, false));
        drop(store);
        writers.into_iter().for_each(|writer| writer.join().expect("no panic").expect("written"));
    }
}
