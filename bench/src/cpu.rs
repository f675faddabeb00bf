//! Shell: CPU time of this thread and of children, and wall time; the middle of several rounds, so that a neighbour's
//! burst does not decide.

use std::future::Future;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};

/// Rounds of which the middle counts.
const ROUNDS: usize = 5;

/// CPU time of this thread per call, in microseconds. The future runs on this thread.
pub(crate) async fn per_call_us<F: Future>(calls: u32, mut call: impl FnMut() -> F) -> f64 {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = thread();
        for _ in 0..calls {
            call().await;
        }
        rounds.push((thread() - began).as_secs_f64() * 1e6 / f64::from(calls));
    }
    middle(rounds)
}

/// CPU time of ended children per call, in microseconds.
pub(crate) fn of_children_us(calls: u32, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let began = children();
    for _ in 0..calls {
        call()?;
    }
    Ok((children() - began).as_secs_f64() * 1e6 / f64::from(calls))
}

/// Wall time per call, in microseconds.
pub(crate) fn wall_us(calls: u32, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(middle(rounds))
}

fn middle(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn thread() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Linux has this clock");
    Duration::new(now.tv_sec().unsigned_abs(), u32::try_from(now.tv_nsec()).unwrap_or(0))
}

fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("children can always be counted");
    let both = [usage.user_time(), usage.system_time()];
    both.iter().map(|time| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs())).sum()
}
