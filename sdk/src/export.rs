//! From the contract's exports to an author's trait: `describe`, `run` and `clean-up`. Called by the export macros in
//! a guest, and by `harness` natively, so both run the same path. It judges nothing.

use serde_json::json;

use crate::bindings::check::floorwalker::check::types;
use crate::check::{Check, CheckError, Journey, Judgement, Run, Stop};
use crate::config;
use crate::host;
use crate::host::ledger::Entry;
use crate::verdict::Verdict;

/// Exports a type as a plugin of the world `check`: `export_check!(Alive);`.
/// Name and version are the crate's. On a native target it only checks that the type is a `Check`.
#[macro_export]
macro_rules! export_check {
    ($check:ty) => {
        const _: () = {
            const fn is_a_check<C: $crate::Check>() {}
            is_a_check::<$check>()
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;
            impl $crate::bindings::check::Guest for Component {
                fn describe() -> ::std::string::String {
                    $crate::export::describe::<$check>(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
                }
                fn run(
                    context: $crate::bindings::check::Context,
                ) -> ::core::result::Result<$crate::bindings::check::Verdict, $crate::bindings::check::CheckError>
                {
                    $crate::export::run::<$check>(context)
                }
            }
    $crate::bindings::check::export_check_world!(Component with_types_in $crate::bindings::check);
        };
    };
}

/// Exports a type as a plugin of the world `journey`: `export_journey!(Order);`.
#[macro_export]
macro_rules! export_journey {
    ($journey:ty) => {
        const _: () = {
            const fn is_a_journey<J: $crate::Journey>() {}
            is_a_journey::<$journey>()
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::journey;
            use $crate::bindings::journey::exports::floorwalker::check::clean_up;
            struct Component;
            impl journey::Guest for Component {
                fn describe() -> ::std::string::String {
                    $crate::export::describe::<$journey>(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
                }
                fn run(context: journey::Context) -> ::core::result::Result<journey::Verdict, journey::CheckError> {
                    $crate::export::run::<$journey>(context)
                }
            }
            impl clean_up::Guest for Component {
                fn run(
                    context: clean_up::Context,
                    left: ::std::vec::Vec<clean_up::Entry>,
                ) -> ::core::result::Result<(), clean_up::CheckError> {
                    $crate::export::clean_up::<$journey>(context, left.into_iter().map(::core::convert::Into::into))
                }
            }
    $crate::bindings::journey::export_journey_world!(Component with_types_in $crate::bindings::journey);
        };
    };
}

/// What a plugin says of itself.
pub fn describe<C: Check>(name: &str, version: &str) -> String {
    let capabilities: Vec<&str> = C::CAPABILITIES.iter().map(|capability| capability.as_str()).collect();
    let (kind, config) = (C::KIND.as_str(), config::schema::<C>());
    json!({"name": name, "version": version, "kind": kind, "config": config, "capabilities": capabilities}).to_string()
}

/// One run, in the contract's types.
///
/// # Errors
/// The prober's own trouble.
pub fn run<C: Check>(context: types::Context) -> Result<types::Verdict, types::CheckError> {
    let verdict = judge::<C>(&context.into())?;
    Ok(verdict.into())
}

/// One clean-up, in the contract's types.
///
/// # Errors
/// What could not be undone.
pub fn clean_up<J: Journey>(
    context: types::Context,
    left: impl Iterator<Item = Entry>,
) -> Result<(), types::CheckError> {
    sweep::<J>(&context.into(), left.collect()).map_err(Into::into)
}

/// One run of an author's type.
pub(crate) fn judge<C: Check>(run: &Run) -> Result<Verdict, CheckError> {
    let check: C = config::parse(&host::config::json())?;
    settle(check.run(run))
}

/// One clean-up of an author's type.
pub(crate) fn sweep<J: Journey>(run: &Run, left: Vec<Entry>) -> Result<(), CheckError> {
    let journey: J = config::parse(&host::config::json())?;
    journey.clean_up(run, left)
}

fn settle(judgement: Judgement) -> Result<Verdict, CheckError> {
    match judgement {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Verdict(verdict)) => Ok(*verdict),
        Err(Stop::Error(error)) => Err(error),
    }
}

impl From<types::Context> for Run {
    fn from(context: types::Context) -> Self {
        Self { id: context.run_id, scheduled_at_ms: context.scheduled_at_ms, timeout_ms: context.timeout_ms }
    }
}

impl From<Verdict> for types::Verdict {
    fn from(verdict: Verdict) -> Self {
        Self {
            status: verdict.status.as_str().to_owned(),
            reason: verdict.reason.map(|reason| reason.as_str().to_owned()),
            summary: verdict.summary_cut().to_owned(),
            details: verdict.details(),
        }
    }
}

impl From<CheckError> for types::CheckError {
    fn from(error: CheckError) -> Self {
        Self { reason: error.reason.as_str().to_owned(), message: error.message }
    }
}
