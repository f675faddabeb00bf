//! Conformance of a store, on a real SQLite file in a folder of its own.

mod ledger;
mod retention;
mod trail;

use api::audit::{ChainHash, Entry, next};
use api::frame::{Chain, Epoch, LedgerNote, LedgerState, PluginState, PluginStatus};
use api::http::token::Role;
use api::id::{CheckId, Digest, RunId, TenantName};
use api::result::{CheckResult, Evidence, Reason, Status, Step, StepStatus};

use super::agent::{AgentRead as _, StoredAgent};
use super::audit::AuditRead as _;
use super::batch::{Accepted, Counts, LastRun, Mark, Owner, Words, Write};
use super::change::{ChangeError, Note, Recorded};
use super::check::CheckRead as _;
use super::lease::{LeaseRead as _, StoredLease};
use super::placement::{Placed, PlacementRead as _};
use super::result::ResultRead as _;
use super::{ChangeTx, Config, Store, StoreError};
use crate::authn::Principal;
use crate::authn::token::{TokenLookup as _, mint};
use crate::authz::{AgentScope, PlatformScope, Reach, TenantScope, allow_agent};
use crate::ingest::accept::of_result;

/// A store and its writers, ended together.
struct Stand {
    store: Store,
    writers: [std::thread::JoinHandle<Result<(), StoreError>>; 2],
    folder: tempfile::TempDir,
}

impl Stand {
    fn new() -> Self {
        Self::open(tempfile::tempdir().expect("a folder"))
    }

    fn open(folder: tempfile::TempDir) -> Self {
        let config = Config { folder: folder.path().to_owned() };
        let (store, threads) = Store::open(&config).expect("opened");
        Self { store, writers: threads.run_for_test(), folder }
    }

    /// Ends the writers and opens the same files again.
    fn reopen(self) -> Self {
        let Self { store, writers, folder } = self;
        drop(store);
        writers.into_iter().for_each(|writer| writer.join().expect("no panic").expect("written"));
        Self::open(folder)
    }
}

fn all() -> PlatformScope {
    PlatformScope::for_test()
}

fn acme() -> TenantScope {
    all().tenant(tenant("acme"))
}

fn globex() -> TenantScope {
    all().tenant(tenant("globex"))
}

fn tenant(name: &str) -> TenantName {
    name.parse().expect("a label")
}

fn node(node: &str) -> AgentScope {
    allow_agent(&Principal::agent_for_test("up", node)).expect("an agent")
}

fn check() -> CheckId {
    CheckId(uuid::Uuid::from_u128(1))
}

fn owner() -> Owner {
    Owner { tenant: Some(tenant("acme")), check: check() }
}

fn result(status: Status) -> CheckResult {
    CheckResult {
        run_id: RunId::of(check(), 1),
        scheduled_at_ms: 1,
        duration_ms: 1.5,
        status,
        reason: (status == Status::Fail).then_some(Reason::AssertionFailed),
        summary: "as it was".into(),
        steps: vec![Step {
            name: "confirm".into(),
            status: if status == Status::Fail { StepStatus::Fail } else { StepStatus::Pass },
            duration_ms: 1.0,
            message: None,
            phases: Default::default(),
        }],
        measurements: vec![],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    }
}

fn stored(seq: u64, run_at_ms: i64, status: Status) -> Vec<Write> {
    of_result(owner(), seq, run_at_ms, &result(status))
}

fn roll_up(runs: u64, run_at_ms: i64, status: Status) -> [Write; 2] {
    let by_status = [(status, runs)].into();
    let evidence = vec![Evidence {
        kind: "image-digest".into(),
        subject: "sha256:00".into(),
        observed_at: "2026-01-01T00:00:00Z".into(),
        attributes: Default::default(),
    }];
    let counts = Counts { runs, by_status, by_reason: Default::default(), sketch: [(3, runs)].into() };
    let last = LastRun { run_at_ms, status, reason: None, words: Words::AsKnown, evidence };
    [Write::Counts { owner: owner(), minute: run_at_ms / 60_000, counts }, Write::Last { owner: owner(), last }]
}

fn mark(through: u64) -> Mark {
    Mark { through, chain: Chain([u8::try_from(through).expect("small"); 32]) }
}

fn batch(before: Option<Mark>, through: u64, writes: Vec<Write>) -> Accepted {
    let agent = node("n1").key().clone();
    Accepted { agent, epoch: Epoch([7; 16]), before, after: mark(through), received_at_ms: 1_000_000, writes }
}

async fn take(store: &Store, batch: Accepted) -> Result<(), StoreError> {
    store.batch(move |tx| tx.frame_store(&batch)).await
}

async fn change<T, R, F>(store: &Store, scope: TenantScope, at_ms: i64, write: F) -> Result<T, ChangeError<R>>
where
    T: Send + 'static,
    R: Send + 'static,
    F: FnOnce(&ChangeTx<'_>) -> Result<Recorded<T>, ChangeError<R>> + Send + 'static,
{
    store.change(&scope, at_ms, write).await
}

fn note(subject: &str) -> Note {
    Note { action: "test.done", subject: subject.to_owned(), detail: serde_json::json!({}) }
}

#[tokio::test]
async fn a_batch_is_stored_once_and_moves_its_mark() {
    let stand = Stand::new();
    let store = &stand.store;
    take(store, batch(None, 2, [stored(1, 60_000, Status::Fail), roll_up(4, 61_000, Status::Fail).into()].concat()))
        .await
        .expect("taken");
    let again = take(store, batch(None, 2, roll_up(4, 61_000, Status::Fail).to_vec())).await;
    assert!(matches!(again, Err(StoreError::Raced)), "the mark stands elsewhere");
    let read = store.read(|view| {
        let mark = view.spool_mark(&node("n1"), &Epoch([7; 16]))?;
        Ok((mark, view.result_counts(&acme(), check(), 0, 100)?))
    });
    let (found, counts) = read.await.expect("read");
    assert_eq!((found, counts.runs), (Some(mark(2)), 4), "counted once");
    take(store, batch(Some(mark(2)), 3, roll_up(5, 62_000, Status::Pass).to_vec())).await.expect("taken");
    let counts = store.read(|view| view.result_counts(&acme(), check(), 0, 100)).await.expect("read");
    assert_eq!((counts.runs, counts.sketch[&3]), (9, 9));
    assert_eq!(counts.by_status, [(Status::Pass, 5), (Status::Fail, 4)].into());
}

#[tokio::test]
async fn a_failed_batch_leaves_nothing_and_its_neighbours_stand() {
    let stand = Stand::new();
    // The second write is refused by the table: the whole batch is undone, mark and all.
    let mut broken = roll_up(1, 60_000, Status::Pass);
    let Write::Counts { minute, .. } = &mut broken[0] else { panic!("counts come first") };
    *minute = 7;
    let trigger = "CREATE TRIGGER broken BEFORE INSERT ON rollup_minute WHEN NEW.minute = 7
        BEGIN SELECT RAISE(ABORT, 'for a test'); END";
    let direct = rusqlite::Connection::open(stand.folder.path().join("reports.db")).expect("opened");
    direct.execute_batch(trigger).expect("made");
    let twice = batch(None, 2, [stored(1, 60_000, Status::Pass), broken.into()].concat());
    let good = batch(None, 1, stored(1, 60_000, Status::Pass));
    let (first, second) = tokio::join!(take(&stand.store, twice), take(&stand.store, good));
    assert!(matches!(first, Err(StoreError::Failed { .. })), "{first:?}");
    second.expect("stands");
    let read = stand.store.read(|view| view.results(&acme(), check(), None, 10)).await.expect("read");
    assert_eq!(read.items.len(), 1);
}

#[tokio::test]
async fn the_last_known_follows_the_order_of_arrival_and_keeps_its_words() {
    let stand = Stand::new();
    let store = &stand.store;
    let problem = vec![Write::Problem { owner: owner(), open: true }];
    let writes = [stored(1, 60_000, Status::Fail), problem, roll_up(3, 59_990, Status::Fail).to_vec()];
    take(store, batch(None, 3, writes.concat())).await.expect("taken");
    let last = store.read(|view| view.check_last(&acme(), check())).await.expect("read");
    let run = last[0].run.clone().expect("ran");
    assert!(last[0].problem);
    assert_eq!((run.status, run.failed_step.as_deref()), (Status::Fail, Some("confirm")));
    assert_eq!((run.summary.as_deref(), run.evidence.len()), (Some("as it was"), 1));
    take(store, batch(Some(mark(3)), 4, roll_up(1, 75_000, Status::Pass).to_vec())).await.expect("taken");
    let last = store.read(|view| view.check_last_all(&acme())).await.expect("read");
    let run = last[0].run.clone().expect("ran");
    assert_eq!((run.status, run.summary, run.failed_step), (Status::Pass, None, None), "another status, other words");
}

#[tokio::test]
async fn no_tenant_reads_anothers_rows() {
    let stand = Stand::new();
    take(&stand.store, batch(None, 1, stored(1, 60_000, Status::Fail))).await.expect("taken");
    let read = stand.store.read(|view| {
        Ok((
            view.check_last_all(&globex())?,
            view.check_last(&globex(), check())?,
            view.results(&globex(), check(), None, 10)?.items,
            view.result_counts(&all().own(), check(), 0, 100)?.runs,
        ))
    });
    assert_eq!(read.await.expect("read"), (vec![], vec![], vec![], 0));
}

#[tokio::test]
async fn each_result_has_its_own_detail_whatever_else_came_with_it() {
    let stand = Stand::new();
    let of = |tenant_name: &str| Owner { tenant: Some(tenant(tenant_name)), check: check() };
    let told = |text: &str| CheckResult { summary: text.into(), ..result(Status::Fail) };
    let writes = |owner: &str, text: &str, run_at_ms| of_result(of(owner), 1, run_at_ms, &told(text));
    let first = [writes("acme", "a1", 1), writes("globex", "g1", 4), writes("acme", "a2", 3)].concat();
    take(&stand.store, batch(None, 1, first)).await.expect("taken");
    let second = [writes("globex", "g2", 5), writes("acme", "a3", 2)].concat();
    take(&stand.store, batch(Some(mark(1)), 2, second)).await.expect("taken");
    for (scope, texts) in [(acme(), vec!["a2", "a3", "a1"]), (globex(), vec!["g2", "g1"])] {
        let page = stand.store.read(move |view| view.results(&scope, check(), None, 10)).await.expect("read");
        let found: Vec<&str> = page.items.iter().map(|item| item.result.summary.as_str()).collect();
        assert_eq!(found, texts);
        assert!(page.items.iter().all(|item| item.node == "n1"));
    }
}

#[tokio::test]
async fn results_come_in_pages_newest_first() {
    let stand = Stand::new();
    let writes = (1..=5).flat_map(|seq| stored(seq, 60_000, Status::Fail)).collect();
    take(&stand.store, batch(None, 5, writes)).await.expect("taken");
    let mut after: Option<String> = None;
    let mut pages = vec![];
    loop {
        let from = after.clone();
        let read = stand.store.read(move |view| view.results(&acme(), check(), from.as_deref(), 2));
        let page = read.await.expect("read");
        pages.push(page.items.len());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
    for cursor in ["", "1", "x~1", "1~", "1~a", "1~1~1"] {
        let read = stand.store.read(move |view| view.results(&acme(), check(), Some(cursor), 2)).await;
        assert!(matches!(read, Err(StoreError::Broken { .. })), "{cursor}");
    }
}

#[tokio::test]
async fn a_change_and_its_entry_are_one_and_the_chain_holds() {
    let stand = Stand::new();
    for subject in ["a", "b"] {
        let done = change::<_, (), _>(&stand.store, acme(), 1, move |_| Ok(Recorded::noted((), note(subject))));
        done.await.expect("changed");
    }
    let minted = mint(Some(tenant("acme")), Role::Viewer, vec![], 5_000);
    let (token, id) = (minted.stored.clone(), minted.stored.id.clone());
    let refused = change(&stand.store, acme(), 2, move |tx| -> Result<Recorded<()>, _> {
        tx.token_insert(&token)?;
        Err(ChangeError::Refused("no"))
    });
    assert!(matches!(refused.await, Err(ChangeError::Refused("no"))));
    let found = stand.store.read(move |view| view.token_find(&id)).await.expect("read");
    assert_eq!(found, None, "a refused change leaves nothing");
    let repeated = change::<_, (), _>(&stand.store, acme(), 3, |_| Ok(Recorded::repeated(7)));
    assert_eq!(repeated.await.expect("changed"), 7);
    let read = stand.store.read(|view| {
        Ok((view.audit_entries(&acme(), 0, 10)?, view.audit_entries(&globex(), 0, 10)?, view.audit_chains(&all())?))
    });
    let (entries, others, chains) = read.await.expect("read");
    assert_eq!((entries.len(), others.len(), chains), (2, 0, vec![acme()]));
    let mut hash: ChainHash = [0; 32];
    for entry in &entries {
        hash = next(&hash, &entry.stored);
        assert_eq!(entry.hash, hash);
    }
    let first: Entry = serde_json::from_slice(&entries[0].stored).expect("an entry");
    assert_eq!((first.action.as_str(), first.actor.as_str()), ("test.done", "system:test"));
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let stand = Stand::new();
    let minted = mint(None, Role::PlatformAdmin, vec![], 5_000);
    let (token, id) = (minted.stored.clone(), minted.stored.id.clone());
    let done = change::<_, (), _>(&stand.store, all().own(), 1, move |tx| {
        tx.token_insert(&token)?;
        Ok(Recorded::noted((), note("token")))
    });
    done.await.expect("changed");
    let key = |stand: &Stand| stand.store.clone();
    let first = key(&stand).upkeep(|tx| tx.fact_ensure("key", &[1; 32])).await.expect("stored");
    let stand = stand.reopen();
    let found = stand.store.read(move |view| view.token_find(&id)).await.expect("read");
    assert_eq!(found, Some(minted.stored));
    let second = key(&stand).upkeep(|tx| tx.fact_ensure("key", &[2; 32])).await.expect("stored");
    assert_eq!((first, second), ([1; 32], [1; 32]), "made once");
}

#[tokio::test]
async fn many_writers_share_commits_and_none_is_lost() {
    let stand = Stand::new();
    let one =
        |n: u64| change::<_, (), _>(&stand.store, acme(), 1, move |_| Ok(Recorded::noted(n, note(&n.to_string()))));
    let done = futures_util::future::join_all((0..500).map(one)).await;
    assert!(done.into_iter().enumerate().all(|(n, done)| done.expect("changed") == n as u64));
    let entries = stand.store.read(|view| view.audit_entries(&acme(), 0, 1_000)).await.expect("read");
    assert_eq!(entries.len(), 500);
}

#[tokio::test]
async fn placements_move_and_are_remembered_for_late_records() {
    let stand = Stand::new();
    let placed =
        |node_name: &str| Placed { tenant: Some(tenant("acme")), check: check(), agent: node(node_name).key().clone() };
    let (one, two) = (placed("n1"), placed("n2"));
    let first = vec![one.clone()];
    stand.store.batch(move |tx| tx.placements_move(&first, &[], 100)).await.expect("moved");
    let (opened, closed) = (vec![two.clone()], vec![one]);
    stand.store.batch(move |tx| tx.placements_move(&opened, &closed, 200)).await.expect("moved");
    let read = stand.store.read(|view| {
        let of = |name: &str, since| view.placements_of(&node(name), since);
        Ok((view.placements(&all())?, of("n1", 200)?, of("n1", 201)?, of("n2", 1_000)?))
    });
    let (now, late, too_late, current) = read.await.expect("read");
    let expected = vec![(check(), Some(tenant("acme")))];
    assert_eq!((now, late, too_late, current), (vec![two], expected.clone(), vec![], expected));
    stand.store.batch(|tx| tx.placements_forget(201)).await.expect("forgotten");
    let late = stand.store.read(|view| view.placements_of(&node("n1"), 0)).await.expect("read");
    assert!(late.is_empty());
}

#[tokio::test]
async fn lease_tokens_only_rise() {
    let stand = Stand::new();
    let lease = |token: u64| StoredLease {
        tenant: Some(tenant("acme")),
        check: check(),
        token,
        since_token: 1,
        holder: node("n1").key().clone(),
        ttl_ms: 60_000,
    };
    for (token, wanted) in [(1, true), (2, true), (2, false), (1, false)] {
        let granted = lease(token);
        let stored = stand.store.upkeep(move |tx| tx.lease_grant(&granted)).await;
        assert_eq!(stored.is_ok(), wanted, "{token}");
    }
    assert_eq!(stand.store.read(|view| view.leases(&all())).await.expect("read"), [lease(2)]);
}

#[tokio::test]
async fn agents_and_their_plugins_are_kept_until_they_are_forgotten() {
    let stand = Stand::new();
    let status = PluginStatus { digest: Digest::of(b"p"), state: PluginState::Ready, message: None };
    let ledger = LedgerNote { kind: "order".into(), key: "k".into(), id: None, state: LedgerState::Intent };
    let writes = vec![
        Write::Plugin { at_ms: 1, status: status.clone() },
        Write::Ledger { owner: owner(), at_ms: 1, note: ledger },
    ];
    take(&stand.store, batch(None, 2, writes)).await.expect("taken");
    let agent = StoredAgent { key: node("n1").key().clone(), heard_at_ms: 100 };
    let heard = vec![agent.clone()];
    stand.store.batch(move |tx| tx.agents_heard(&heard)).await.expect("stored");
    let read = || stand.store.read(|view| Ok((view.agents(&all())?, view.agent_plugins(&Reach::All(all()))?)));
    let known = (vec![agent.clone()], vec![(agent.key, status)]);
    assert_eq!(read().await.expect("read"), known);
    stand.store.batch(|tx| tx.agent_plugins_keep(&[Digest::of(b"p")].into())).await.expect("kept");
    assert_eq!(read().await.expect("read"), known);
    stand.store.batch(|tx| tx.agent_plugins_keep(&[Digest::of(b"q")].into())).await.expect("forgotten");
    assert_eq!(read().await.expect("read"), (known.0, vec![]), "no manifest wants it");
    stand.store.batch(|tx| tx.agents_forget(101)).await.expect("forgotten");
    assert_eq!(read().await.expect("read"), (vec![], vec![]));
}
