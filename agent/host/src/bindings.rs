//! Host side of the contract in `wit/`, generated. `link` and the capabilities build on it; nothing else names it.
//! One set of types serves both worlds: `check` reuses what `journey`, the wider one, generates.

/// The world of journeys: everything a check has, and `ledger` and `clean-up`.
#[allow(missing_docs, unreachable_pub, unused_qualifications, reason = "generated from the WIT, which documents it")]
pub(crate) mod journey {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "journey",
        imports: {
            "floorwalker:check/state": async | trappable,
            "floorwalker:check/http": async | trappable,
            "floorwalker:check/node": async | trappable,
            "floorwalker:check/ledger": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

/// The world of checks, over the types of `journey`.
#[allow(missing_docs, unreachable_pub, unused_qualifications, reason = "generated from the WIT, which documents it")]
pub(crate) mod check {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "check",
        with: {
            "floorwalker:check/types": super::journey::floorwalker::check::types,
            "floorwalker:check/log": super::journey::floorwalker::check::log,
            "floorwalker:check/config": super::journey::floorwalker::check::config,
            "floorwalker:check/steps": super::journey::floorwalker::check::steps,
            "floorwalker:check/state": super::journey::floorwalker::check::state,
            "floorwalker:check/secrets": super::journey::floorwalker::check::secrets,
            "floorwalker:check/http": super::journey::floorwalker::check::http,
            "floorwalker:check/node": super::journey::floorwalker::check::node,
        },
        exports: { default: async },
    });
}

pub(crate) use check::CheckPre;
pub(crate) use journey::JourneyPre;
pub(crate) use journey::floorwalker::check as wit;
