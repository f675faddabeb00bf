//! Shell: supervision seen from outside: drain order, bad ends, second signal, grace.

use std::sync::mpsc;

use super::*;

/// Far beyond any of these drains: only the test of the grace period ever waits for one.
const GRACE: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
#[error("disk full")]
struct DiskFull;

#[tokio::test]
async fn stages_drain_in_the_order_they_were_named() {
    let (supervisor, stages) = Supervisor::in_drain_order(["intake", "work", "keep"]);
    let (ended, order) = mpsc::channel();
    for stage in stages.iter().rev() {
        let (ended, token, name) = (ended.clone(), stage.token(), stage.name);
        stage.spawn("loop", async move {
            token.cancelled().await;
            tokio::task::yield_now().await;
            ended.send(name).ok();
            Ok::<_, DiskFull>(())
        });
    }
    let (stop, signals) = Signals::channel();
    stop.send(()).await.unwrap();
    supervisor.run(signals, GRACE).await.unwrap();
    assert_eq!(order.try_iter().collect::<Vec<_>>(), ["intake", "work", "keep"]);
}

#[tokio::test]
async fn an_error_ends_the_process_in_order() {
    let (supervisor, [work]) = Supervisor::in_drain_order(["work"]);
    let token = work.token();
    work.spawn("bystander", async move {
        token.cancelled().await;
        Ok::<_, DiskFull>(())
    });
    work.spawn("writer", async { Err(DiskFull) });
    let (_stop, signals) = Signals::channel();
    let fatal = supervisor.run(signals, GRACE).await.unwrap_err();
    assert_eq!(chain(&fatal), "task work/writer failed: disk full");
}

#[tokio::test]
async fn a_panic_ends_the_process_and_names_its_task() {
    let (supervisor, [work]) = Supervisor::in_drain_order(["work"]);
    work.spawn("counter", async { panic_with_a_number().await });
    let (_stop, signals) = Signals::channel();
    let fatal = supervisor.run(signals, GRACE).await.unwrap_err();
    assert_eq!(fatal.to_string(), "task work/counter panicked: seven");
}

async fn panic_with_a_number() -> Result<(), DiskFull> {
    panic!("seven")
}

#[tokio::test]
async fn a_second_signal_aborts_and_names_what_is_left() {
    let (supervisor, [work]) = Supervisor::in_drain_order(["work"]);
    work.spawn("stuck", std::future::pending::<Result<(), DiskFull>>());
    let (stop, signals) = Signals::channel();
    stop.send(()).await.unwrap();
    stop.send(()).await.unwrap();
    let fatal = supervisor.run(signals, GRACE).await.unwrap_err();
    assert!(matches!(&fatal, Fatal::Aborted { alive } if alive == &["work/stuck"]), "{fatal}");
}

#[tokio::test]
async fn grace_bounds_the_drain() {
    let (supervisor, [work]) = Supervisor::in_drain_order(["work"]);
    work.spawn("stuck", std::future::pending::<Result<(), DiskFull>>());
    supervisor.stopping().cancel();
    let (_stop, signals) = Signals::channel();
    let fatal = supervisor.run(signals, Duration::ZERO).await.unwrap_err();
    assert!(matches!(fatal, Fatal::GraceOver { .. }), "{fatal}");
}

#[tokio::test]
async fn a_thread_is_awaited_and_its_error_is_fatal() {
    let (supervisor, [store]) = Supervisor::in_drain_order(["store"]);
    store.spawn_thread("writer", || Err(DiskFull)).unwrap();
    let (_stop, signals) = Signals::channel();
    let fatal = supervisor.run(signals, GRACE).await.unwrap_err();
    assert!(matches!(&fatal, Fatal::Failed { task, .. } if task == "store/writer"), "{fatal}");
}

#[tokio::test]
async fn jobs_are_bounded_and_contain_their_panics() {
    let mut jobs = Jobs::new(2);
    jobs.spawn("good", async { 1 }).unwrap();
    jobs.spawn("bad", async { panic!("three") }).unwrap();
    let full = jobs.spawn("late", async { 2 }).unwrap_err();
    assert_eq!(full.to_string(), "2 jobs run already, late was not started");
    let mut ended = [jobs.join_next().await.unwrap(), jobs.join_next().await.unwrap()];
    ended.sort_by_key(Result::is_err);
    assert_eq!(ended[0], Ok(1));
    assert_eq!(ended[1], Err(Panicked { job: "bad".into(), message: "three".into() }));
    assert!(jobs.join_next().await.is_none());
}

#[tokio::test]
async fn a_blocking_call_returns_or_says_that_it_panicked() {
    assert_eq!(blocking("sum", || 1 + 1).await, Ok(2));
    let panicked = blocking("sum", || -> u8 { panic!("four") }).await.unwrap_err();
    assert_eq!(panicked.to_string(), "sum panicked: four");
}

#[tokio::test]
async fn background_work_gives_way_and_its_panic_stays_there() {
    let background = Background::start("below").expect("threads");
    let own = || thread_priority::thread_schedule_policy().expect("every thread has one");
    let usual = own();
    let idle = thread_priority::ThreadSchedulePolicy::Normal(thread_priority::NormalThreadSchedulePolicy::Idle);
    assert_eq!(background.run("look", own).await, Ok(idle), "it gives way");
    let panicked = background.run("look", || -> u8 { panic!("five") }).await.unwrap_err();
    assert_eq!(panicked.to_string(), "look panicked: five");
    assert_eq!(background.run("look", || 6).await, Ok(6), "its thread goes on");
    assert_eq!(own(), usual, "nobody else is touched");
}

#[test]
fn a_second_runtime_may_be_dropped_inside_a_task() {
    let code = block_on(async {
        let guests = Runtime::start("guests", 1)?;
        let mut jobs = Jobs::on(guests.handle(), 1);
        jobs.spawn("run", async { 5 }).map_err(std::io::Error::other)?;
        assert_eq!(jobs.join_next().await, Some(Ok(5)));
        drop(guests);
        Ok::<_, std::io::Error>(())
    });
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}
