//! A guest that looks for what others keep: under its own key, under the names that their stores have on the disk, and
//! through the node's files. With something to keep it is the other one, who keeps it.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct OtherTenantsState {
    /// What it keeps under the key `canary`.
    #[serde(default)]
    keep: Option<String>,
    /// Other keys and paths it tries.
    #[serde(default)]
    tries: Vec<String>,
}

impl Check for OtherTenantsState {
    const CAPABILITIES: &'static [Capability] = &[Capability::State, Capability::Node];

    fn run(&self, _: &Run) -> Judgement {
        if let Some(value) = &self.keep {
            state::save("canary", value.as_bytes())?;
        }
        let kept = state::load("canary")?;
        let mut found: Vec<String> = kept.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        for name in &self.tries {
            let read = [state::load(name).ok().flatten(), node::read_file(name, 4_096).ok()];
            found.extend(read.into_iter().flatten().map(|value| String::from_utf8_lossy(&value).into_owned()));
        }
        match found.as_slice() {
            [] => Ok(Verdict::pass("found nothing")),
            found => Ok(Verdict::pass(format!("found {}", found.join(", ")))),
        }
    }
}

export_check!(OtherTenantsState);
