//! Tests of what journeys left behind.

use api::limits::LEDGER_ENTRIES_MAX;

use super::*;

#[tokio::test]
async fn a_ledger_is_bounded() {
    let stand = Stand::new();
    let entry = |at: usize| {
        let note = LedgerNote { kind: "order".into(), key: at.to_string(), id: None, state: LedgerState::Intent };
        Write::Ledger { owner: owner(), at_ms: i64::try_from(at).expect("small"), note }
    };
    let writes = (0..LEDGER_ENTRIES_MAX + 2).map(entry).collect();
    take(&stand.store, batch(None, 1, writes)).await.expect("taken");
    let left = stand.store.read(|view| view.ledger_open(&acme(), check(), 1_000)).await.expect("read");
    assert_eq!((left.len(), left[0].key.as_str()), (LEDGER_ENTRIES_MAX, "65"), "the newest stay");
    let others = stand.store.read(|view| view.ledger_open(&globex(), check(), 1_000)).await.expect("read");
    assert_eq!(others, []);
}
