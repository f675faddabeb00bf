//! Shell: schemas that a hostile plugin may give of its configuration, and configurations that a hostile check may give to
//! them, through the code that admits both. Each costs at most 50 ms of CPU, opens no connection and no file, and is taken
//! or refused in words.

mod admit;
mod corpus;
mod traps;

use std::time::Duration;

use admit::admit;
use traps::Traps;

/// What one may cost. CPU of the thread that admits it, not time: the machine may be busy.
const CPU_MAX: Duration = Duration::from_millis(50);
/// What tokio's threads have: on as much it must not overflow.
const STACK_BYTES: usize = 2 << 20;

#[test]
fn hostile_schemas_cost_little_and_reach_nothing() {
    let traps = Traps::set();
    let cases = corpus::cases(&traps.url(), &traps.file_url());
    assert!(cases.len() >= 20, "{} cases", cases.len());
    for case in cases {
        let (name, wanted) = (case.name, case.refused_for);
        let admitting = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || admit(&case));
        let admitted = admitting.expect("a thread").join().expect("whatever is asked, it is no panic");
        assert!(admitted.cpu <= CPU_MAX, "{name}: {admitted:?}");
        match (&admitted.refused, wanted) {
            (None, None) => {}
            (Some(why), Some(words)) if why.contains(words) => {}
            _ => panic!("{name}: wanted {wanted:?}, {admitted:?}"),
        }
        println!("{name}: {:?}", admitted.cpu);
    }
    traps.expect_untouched();
}
