//! What is offered to guests, and what is not: the one list of interfaces, and the refusal of a component that wants
//! something else, in words its author can act on. Used by `engine` once and by `load` for each plugin.

use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::wit;
use crate::pool::{MEMORIES_PER_SLOT, TABLE_ELEMENTS};
use crate::state::RunState;
use crate::wasi;

/// Our package, without its version.
const PACKAGE: &str = "floorwalker:check/";
/// The version of the contract that this host offers.
pub const CONTRACT: &str = "0.1.0";
/// The interfaces of the contract that every plugin may import.
const INTERFACES: [&str; 8] = ["types", "log", "config", "steps", "state", "secrets", "http", "node"];
/// The one that only journeys may.
const LEDGER: &str = "ledger";
/// What makes a plugin a journey.
const CLEAN_UP: &str = "clean-up";

/// Which world a component was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `describe` and `run`.
    Check,
    /// And `clean-up`, with a ledger.
    Journey,
}

impl Kind {
    /// The world's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Journey => "journey",
        }
    }
}

/// Why a component cannot be a plugin here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlinkable {
    /// It imports what is not offered.
    #[error("it imports `{0}`, which is not offered to plugins")]
    Import(String),
    /// It was built for another version of the contract.
    #[error("it was built for floorwalker:check@{asked}, this fleet runs floorwalker:check@{CONTRACT}")]
    Contract {
        /// The version it names.
        asked: String,
    },
    /// It imports `ledger` and has no clean-up.
    #[error("it imports `ledger` and exports no `clean-up`: what a journey makes, it must be able to remove")]
    LedgerWithoutCleanUp,
    /// It has more of something than a slot of the node.
    #[error("it has {has} {what}, a plugin has at most {most}")]
    Size {
        /// Of what.
        what: &'static str,
        /// How much.
        has: u64,
        /// How much there is.
        most: u64,
    },
    /// It does not export what a plugin must.
    #[error("it exports no `{0}`: build it for the world `check` or `journey` of floorwalker:check@{CONTRACT}")]
    Export(&'static str),
}

/// Offers every interface, one by one.
pub(crate) fn offered(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::new(engine);
    wit::types::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::log::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::config::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::steps::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::state::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::secrets::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::http::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::node::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wit::ledger::add_to_linker::<_, HasSelf<RunState>>(&mut linker, whole)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}

fn whole(state: &mut RunState) -> &mut RunState {
    state
}

/// Names of what a component imports, sorted as the component has them.
pub(crate) fn imports(component: &Component) -> Vec<String> {
    component.component_type().imports(component.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// Judges a component by its imports and exports.
pub(crate) fn judge(component: &Component) -> Result<Kind, Unlinkable> {
    let ty = component.component_type();
    let exports: Vec<String> = ty.exports(component.engine()).map(|(name, _)| name.to_owned()).collect();
    let kind = judge_names(&imports(component), &exports)?;
    judge_size(component)?;
    Ok(kind)
}

/// What a slot of the pool would refuse in its own words, at each run.
fn judge_size(component: &Component) -> Result<(), Unlinkable> {
    // None: a component that imports modules, which nobody offers.
    let Some(needs) = component.resources_required() else { return Ok(()) };
    let sizes = [
        ("memories", u64::from(needs.num_memories), u64::from(MEMORIES_PER_SLOT)),
        ("elements in a table", needs.max_initial_table_size.unwrap_or(0), TABLE_ELEMENTS as u64),
    ];
    match sizes.into_iter().find(|(_, has, most)| has > most) {
        Some((what, has, most)) => Err(Unlinkable::Size { what, has, most }),
        None => Ok(()),
    }
}

fn judge_names(imports: &[String], exports: &[String]) -> Result<Kind, Unlinkable> {
    for name in imports {
        admit_import(name)?;
    }
    for export in ["describe", "run"] {
        if !exports.iter().any(|name| name == export) {
            return Err(Unlinkable::Export(export));
        }
    }
    let own = |names: &[String], interface: &str| {
        names.iter().any(|name| name.strip_prefix(PACKAGE).is_some_and(|rest| bare(rest) == interface))
    };
    match (own(exports, CLEAN_UP), own(imports, LEDGER)) {
        (true, _) => Ok(Kind::Journey),
        (false, false) => Ok(Kind::Check),
        (false, true) => Err(Unlinkable::LedgerWithoutCleanUp),
    }
}

fn admit_import(name: &str) -> Result<(), Unlinkable> {
    let refuse = || Unlinkable::Import(name.to_owned());
    let (path, version) = name.split_once('@').ok_or_else(refuse)?;
    if let Some(interface) = path.strip_prefix(PACKAGE) {
        if version != CONTRACT {
            return Err(Unlinkable::Contract { asked: version.to_owned() });
        }
        return if INTERFACES.contains(&interface) || interface == LEDGER { Ok(()) } else { Err(refuse()) };
    }
    if wasi::INTERFACES.contains(&path) && version.starts_with(wasi::VERSION_PREFIX) { Ok(()) } else { Err(refuse()) }
}

fn bare(name: &str) -> &str {
    name.split_once('@').map_or(name, |(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(imports: &[&str], exports: &[&str]) -> Result<Kind, Unlinkable> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        judge_names(&own(imports), &own(exports))
    }

    #[test]
    fn the_world_is_known_by_its_exports() {
        let imports = ["floorwalker:check/log@0.1.0", "wasi:cli/stderr@0.2.6"];
        assert_eq!(judged(&imports, &["describe", "run"]), Ok(Kind::Check));
        let exports = ["describe", "run", "floorwalker:check/clean-up@0.1.0"];
        assert_eq!(judged(&["floorwalker:check/ledger@0.1.0"], &exports), Ok(Kind::Journey));
    }

    #[test]
    fn what_is_not_offered_is_named() {
        let exports = ["describe", "run"];
        for name in ["wasi:sockets/tcp@0.2.6", "wasi:http/types@0.2.6", "floorwalker:check/kube@0.1.0", "bare"] {
            assert_eq!(judged(&[name], &exports), Err(Unlinkable::Import(name.to_owned())));
        }
        let newer = judged(&["floorwalker:check/log@0.2.0"], &exports).expect_err("another contract");
        assert_eq!(newer, Unlinkable::Contract { asked: "0.2.0".to_owned() });
        assert!(newer.to_string().contains("0.1.0"), "it says what this fleet runs: {newer}");
    }

    #[test]
    fn a_ledger_needs_a_clean_up() {
        let imports = ["floorwalker:check/ledger@0.1.0"];
        assert_eq!(judged(&imports, &["describe", "run"]), Err(Unlinkable::LedgerWithoutCleanUp));
        assert_eq!(judged(&[], &["run"]), Err(Unlinkable::Export("describe")));
    }
}
