//! Shell: schemas that a hostile plugin may give of its configuration, and configurations that a hostile check may give to
//! them, through the code that admits both. Each costs at most 50 ms of CPU, opens no connection and no file, and is taken
//! or refused in words.

mod corpus;
mod traps;

use std::sync::Arc;
use std::time::Duration;

use floorwalker_api::catalogue::{Catalogue, DescribedPlugin, next};
use floorwalker_api::id::Digest;
use floorwalker_api::manifest::FileText;
use nix::time::{ClockId, clock_gettime};

use corpus::Case;
use traps::Traps;

/// What one may cost. CPU of the thread that admits it, not time: the machine may be busy.
const CPU_MAX: Duration = Duration::from_millis(50);
/// What tokio's threads have: on as much it must not overflow.
const STACK_BYTES: usize = 2 << 20;

/// What became of a case.
#[derive(Debug)]
struct Admitted {
    cpu: Duration,
    /// Why it was refused, schema or config.
    refused: Option<String>,
}

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

/// The way of a plugin's answer and a check's manifest into the catalogue.
fn admit(case: &Case) -> Admitted {
    let answer = format!(r#"{{"name":"p","version":"1","kind":"probe","config":{}}}"#, case.schema);
    let digest = Digest::of(b"component");
    let began = thread_cpu();
    let described = match DescribedPlugin::parse(digest.clone(), &answer) {
        Ok(described) => described,
        Err(error) => {
            return Admitted { cpu: thread_cpu() - began, refused: Some(DescribedPlugin::complaint(&error)) };
        }
    };
    let of_schema = thread_cpu() - began;
    let head = "apiVersion: floorwalker.dev/v1alpha1\n";
    let text = format!(
        "{head}kind: Plugin\nmetadata: {{name: p}}\nspec: {{source: {{file: p.wasm}}, digest: \"{digest}\"}}\n---\n\
         {head}kind: Check\nmetadata: {{name: c}}\nspec: {{plugin: p, runInterval: 60s, timeout: 10s, config: {}}}\n",
        case.config
    );
    let texts = [FileText { path: "check.yaml".to_owned(), text: Ok(text) }];
    // Reading the manifest is not the schema's cost: the second look finds it read.
    let read = next(&Catalogue::default(), &texts, &Default::default());
    let began = thread_cpu();
    let made = next(&read, &texts, &[(digest, Ok(Arc::new(described)))].into());
    let cpu = of_schema + (thread_cpu() - began);
    assert_eq!(made.checks.len() + made.refused.len().min(1), 1, "taken or refused");
    Admitted { cpu, refused: made.refused.first().map(ToString::to_string) }
}

fn thread_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Linux has this clock").into()
}
