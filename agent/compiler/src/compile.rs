//! Shell: compiles with the host's own engine settings, links as an agent would, and asks the component to describe
//! itself under the limits of a run. What passes here loads on every agent of this version and machine type.

use anyhow::{Context as _, anyhow, bail};
use api::limits::ARTEFACT_BYTES_MAX;
use host::{End, Engine, Plugin, engine};
use wasmtime::component::Component;

use crate::answer::{Answer, Head};

pub(crate) fn compile(component: &[u8], warnings: Vec<String>) -> anyhow::Result<Answer> {
    let engine = Engine::new(engine::Config::SINGLE)?;
    let component =
        Component::new(engine.wasmtime(), component).map_err(|error| anyhow!("not a valid component: {error:#}"))?;
    let plugin = Plugin::link(&engine, &component)?;
    let describe = describe(&plugin)?;
    let artefact = component.serialize().map_err(|error| anyhow!("the artefact cannot be written: {error:#}"))?;
    if artefact.len() > ARTEFACT_BYTES_MAX {
        bail!("the artefact has over {} MiB", ARTEFACT_BYTES_MAX >> 20);
    }
    let head = Head {
        describe,
        artefact_bytes: artefact.len(),
        engine: engine.compatibility().to_owned(),
        kind: plugin.kind().as_str(),
        imports: plugin.imports().to_vec(),
        warnings,
    };
    Ok(Answer { head, artefact })
}

fn describe(plugin: &Plugin) -> anyhow::Result<String> {
    // Time alone: there is no network to wait for.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().context("no runtime")?;
    runtime.block_on(host::describe(plugin)).map_err(|end| anyhow!("`describe` gave no answer: {}", reason(&end)))
}

fn reason(end: &End) -> String {
    match end {
        End::Panicked { message } => format!("it panicked: {message}"),
        End::Trap { what } => format!("it trapped: {what}"),
        End::CpuExceeded { limit, .. } => format!("it used over {} ms of CPU", limit.as_millis()),
        End::MemoryExceeded { asked, limit } => format!("it asked for {asked} bytes of memory, the limit is {limit}"),
        End::Deadline { limit, .. } => format!("it took over {} s", limit.as_secs()),
        End::OutputExceeded { bytes, limit } => format!("it gave {bytes} bytes, the limit is {limit}"),
        End::HostCallsExceeded { limit } => format!("it called the host over {limit} times"),
        End::Exited { code } => format!("it exited with {code}"),
        other => format!("{other:?}"),
    }
}
