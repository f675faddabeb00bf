//! Shell: waits for something to become true. The only place where a test waits, but for the end of a
//! process (`child`); it looks again and again instead of sleeping for a guessed time, so a slow machine makes a test
//! slower and not red.

use std::time::{Duration, Instant};

use anyhow::bail;

/// Between two looks.
const POLL: Duration = Duration::from_millis(50);

/// Polls until something is there.
///
/// # Errors
/// What the poll raised, or `what` when the deadline passed.
pub async fn until<T>(
    deadline: Duration,
    what: &str,
    mut poll: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = poll().await? {
            return Ok(found);
        }
        if start.elapsed() > deadline {
            bail!("waited {deadline:?} in vain for {what}");
        }
        tokio::time::sleep(POLL).await;
    }
}
