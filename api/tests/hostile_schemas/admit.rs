//! The way of a plugin's answer and of a check's manifest into the catalogue, and what it costs.

use std::sync::Arc;
use std::time::Duration;

use floorwalker_api::catalogue::{Catalogue, DescribedPlugin, next};
use floorwalker_api::id::Digest;
use floorwalker_api::manifest::FileText;
use nix::time::{ClockId, clock_gettime};

use crate::corpus::Case;

/// What became of a case.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) cpu: Duration,
    /// Why it was refused, schema or config.
    pub(crate) refused: Option<String>,
}

/// The way of a plugin's answer and a check's manifest into the catalogue.
pub(crate) fn admit(case: &Case) -> Admitted {
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
