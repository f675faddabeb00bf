//! Properties of the plan over any clocks.

use proptest::prelude::*;

use super::*;

const BOOT_MS: u64 = 1_000_000;
const WALL_MS: i64 = 1_800_000_000_123;

fn check() -> CheckId {
    CheckId::of(None, &"checkout".parse().expect("a label"))
}

fn node() -> NodeName {
    "node-1".parse().expect("a name")
}

fn now(after_ms: u64) -> Now {
    Now { boot_ms: BOOT_MS + after_ms, wall_ms: WALL_MS + after_ms as i64 }
}

fn plan(interval_ms: u64) -> Plan {
    Plan::begin(check(), &node(), Duration::from_millis(interval_ms), now(0))
}

/// Looks each time when told to, starts what is due at once, and gives the starts.
fn starts(plan: &mut Plan, until_ms: u64) -> Vec<u64> {
    let mut starts = vec![];
    while plan.next_ms() < BOOT_MS + until_ms {
        let at = now(plan.next_ms() - BOOT_MS);
        if plan.tick(at, Busy::No).due.is_some() {
            plan.started(at);
            starts.push(at.boot_ms);
        }
    }
    starts
}

#[test]
fn the_phase_is_the_same_after_a_restart() {
    let (mut first, mut again) = (plan(60_000), plan(60_000));
    assert_eq!(starts(&mut first, 600_000), starts(&mut again, 600_000));
    let phase = |at: u64| (WALL_MS as u64 + at - BOOT_MS) % 60_000;
    let later = Plan::begin(check(), &node(), Duration::from_secs(60), now(345_678));
    assert_eq!(phase(first.next_ms()), phase(later.next_ms()));
}

#[test]
fn a_long_interval_runs_soon_after_a_start_and_then_in_its_phase() {
    let mut plan = plan(3_600_000);
    assert!(plan.next_ms() < BOOT_MS + 120_000);
    let starts = starts(&mut plan, 5 * 3_600_000);
    assert!(starts.len() >= 4);
    assert!(starts[1] - starts[0] >= 1_800_000 && starts[1] - starts[0] < 5_400_000);
    assert_eq!(starts[2] - starts[1], 3_600_000);
}

#[test]
fn what_overlaps_is_missed_and_not_made_up_for() {
    let mut plan = plan(10_000);
    let first = plan.next_ms();
    let at = |boot_ms: u64| now(boot_ms - BOOT_MS);
    assert!(plan.tick(at(first), Busy::No).due.is_some());
    assert_eq!(plan.tick(at(first + 10_000), Busy::Yes), Tick { due: None, missed: 1 });
    let after_sleep = plan.tick(at(first + 10_000 + 57_000), Busy::No);
    assert_eq!(after_sleep, Tick { due: None, missed: 5 }, "7 s late is over half an interval");
    assert_eq!(plan.next_ms(), first + 70_000);
}

#[test]
fn a_wall_step_moves_the_phase_but_not_the_rate() {
    let mut plan = plan(60_000);
    let first = plan.next_ms();
    let stepped = |boot_ms: u64| Now { boot_ms, wall_ms: WALL_MS + (boot_ms - BOOT_MS) as i64 + 20_000 };
    assert!(plan.tick(stepped(first), Busy::No).due.is_some());
    plan.started(stepped(first));
    let second = plan.next_ms();
    assert!((30_000..=90_000).contains(&(second - first)), "{}", second - first);
    let due = plan.tick(stepped(second), Busy::No).due.expect("due");
    assert_eq!(due.scheduled_at_ms % 60_000, plan.phase_ms);
}

proptest! {
    #[test]
    fn there_is_no_drift(interval_ms in 5_000_u64..120_000, delays in prop::collection::vec(0_u64..2_000, 50)) {
        let mut plan = plan(interval_ms);
        let mut last = None;
        for delay in delays {
            let at = now(plan.next_ms() - BOOT_MS + delay);
            let tick = plan.tick(at, Busy::No);
            plan.started(at);
            let due = tick.due.expect("less than half an interval late");
            prop_assert_eq!(due.scheduled_at_ms % interval_ms, plan.phase_ms);
            if let Some(last) = last {
                prop_assert_eq!(due.boot_ms - last, interval_ms);
            }
            last = Some(due.boot_ms);
        }
    }

    #[test]
    fn never_two_starts_within_half_an_interval(
        interval_ms in 5_000_u64..600_000,
        moves in prop::collection::vec((0_u64..300_000, -5_000_000_i64..5_000_000, 0_u64..20_000), 1..60),
    ) {
        let mut plan = plan(interval_ms);
        let mut at = now(0);
        let mut last: Option<u64> = None;
        for (pass, step, queued) in moves {
            at = Now { boot_ms: at.boot_ms + pass, wall_ms: at.wall_ms + pass as i64 + step };
            if plan.tick(at, Busy::No).due.is_some() {
                at = Now { boot_ms: at.boot_ms + queued, wall_ms: at.wall_ms + queued as i64 };
                plan.started(at);
                if let Some(last) = last {
                    prop_assert!(at.boot_ms - last >= interval_ms / 2);
                }
                last = Some(at.boot_ms);
            }
        }
    }

    #[test]
    fn ticks_are_run_or_missed(interval_ms in 5_000_u64..60_000, naps in prop::collection::vec(0_u64..400_000, 1..40)) {
        let mut plan = plan(interval_ms);
        let first = plan.next_ms();
        let mut at = 0;
        let mut counted = 0;
        for nap in naps {
            at += nap;
            let tick = plan.tick(now(at), Busy::No);
            counted += tick.missed + u64::from(tick.due.is_some());
        }
        let passed = (BOOT_MS + at).checked_sub(first).map_or(0, |since| since / interval_ms + 1);
        prop_assert_eq!(counted, passed);
    }
}
