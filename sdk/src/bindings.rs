//! Rust types and import functions of both worlds, generated from the repository's `wit/` folder when the crate is
//! compiled. Used by `host` (imports) and by the export macros (exports); an author never names it. It deliberately
//! adds nothing to the contract: what is nicer in Rust is said by the wrappers.
#![allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    reason = "generated code: its documentation is the WIT, its unsafe is the canonical ABI"
)]

/// The world of probes, drift and predeploy checks, and every import.
pub mod check {
    wit_bindgen::generate!({
        path: "../wit",
        world: "floorwalker:check/check",
        pub_export_macro: true,
        export_macro_name: "export_check_world",
    });
}

/// The world of journeys: the same imports and types, the ledger, and clean-up.
pub mod journey {
    wit_bindgen::generate!({
        path: "../wit",
        world: "floorwalker:check/journey",
        pub_export_macro: true,
        export_macro_name: "export_journey_world",
        with: {
            "floorwalker:check/types@0.1.0": super::check::floorwalker::check::types,
            "floorwalker:check/log@0.1.0": super::check::floorwalker::check::log,
            "floorwalker:check/config@0.1.0": super::check::floorwalker::check::config,
            "floorwalker:check/steps@0.1.0": super::check::floorwalker::check::steps,
            "floorwalker:check/state@0.1.0": super::check::floorwalker::check::state,
            "floorwalker:check/secrets@0.1.0": super::check::floorwalker::check::secrets,
            "floorwalker:check/http@0.1.0": super::check::floorwalker::check::http,
            "floorwalker:check/node@0.1.0": super::check::floorwalker::check::node,
        },
    });
}
