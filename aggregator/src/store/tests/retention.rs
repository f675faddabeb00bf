//! What is too old is forgotten.

use super::*;

#[tokio::test]
async fn what_is_too_old_is_forgotten() {
    let stand = Stand::new();
    let writes = [stored(1, 60_000, Status::Fail), roll_up(1, 60_000, Status::Fail).into()].concat();
    take(&stand.store, batch(None, 2, writes)).await.expect("taken");
    let more = stand.store.batch(|tx| tx.results_forget(1_000_001, 2)).await.expect("forgotten");
    assert!(!more);
    let read = stand.store.read(|view| {
        let mark = view.spool_mark(&node("n1"), &Epoch([7; 16]))?;
        Ok((
            view.results(&acme(), check(), None, 1)?.items.len(),
            view.result_counts(&acme(), check(), 0, 9)?.runs,
            mark,
        ))
    });
    assert_eq!(read.await.expect("read"), (0, 0, None));
}

#[tokio::test]
async fn much_that_is_too_old_is_forgotten_in_steps() {
    let stand = Stand::new();
    let writes = (1..=600).flat_map(|seq| stored(seq, 60_000, Status::Fail)).collect();
    take(&stand.store, batch(None, 200, writes)).await.expect("taken");
    let left = || stand.store.read(|view| Ok(view.results(&acme(), check(), None, 1_000)?.items.len()));
    for (before, more) in [(600, true), (344, true), (88, false)] {
        assert_eq!(left().await.expect("read"), before);
        assert_eq!(stand.store.batch(|tx| tx.results_forget(1_000_001, 2)).await.expect("forgotten"), more);
    }
    assert_eq!(left().await.expect("read"), 0);
}
