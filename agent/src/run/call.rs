//! From a job to what the host is given: whose run it is, what it may touch and use. Pure; `run` executes it.

use std::collections::BTreeMap;

use api::frame::Assignment;
use api::limits::RunLimits;
use host::{Call, MayBegin, Owner, Secret};

use crate::judge::outcome::Run;

/// Whose state, ledger and connections a check's are.
pub fn owner(assignment: &Assignment) -> Owner {
    Owner {
        tenant: assignment.tenant.as_ref().map(ToString::to_string).unwrap_or_default(),
        check: assignment.check_id.to_string(),
    }
}

/// The call of a run, which begins only if it still may by then.
pub fn call(assignment: &Assignment, run: Run, secrets: BTreeMap<String, Secret>, may_begin: Option<MayBegin>) -> Call {
    let wall_ms = u32::try_from(assignment.timeout_ms).unwrap_or(u32::MAX);
    Call {
        owner: owner(assignment),
        run_id: run.id.to_string(),
        scheduled_at_ms: run.scheduled_at_ms,
        config_json: assignment.config.to_string(),
        secrets,
        grants: assignment.grants.clone(),
        // Whoever made the assignment, nothing passes the ceiling of this build.
        limits: RunLimits { wall_ms, ..assignment.limits }.within(RunLimits::CEILING),
        trace_parent: Some(trace_parent(run)),
        may_begin,
    }
}

/// W3C Trace Context: the run is the trace, so that a target's traces are found by the run's id.
fn trace_parent(run: Run) -> String {
    let trace = run.id.0.simple().to_string();
    format!("00-{trace}-{}-01", &trace[16..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assignment, run};

    #[test]
    fn a_run_has_its_own_timeout_within_the_ceiling() {
        let made = call(&assignment("checkout"), run(), BTreeMap::new(), None);
        assert_eq!((made.limits.wall_ms, made.config_json.as_str()), (10_000, "{}"));
        assert_eq!(made.owner.tenant, "acme");
        let long = Assignment { timeout_ms: u64::MAX, ..assignment("checkout") };
        assert_eq!(call(&long, run(), BTreeMap::new(), None).limits.wall_ms, RunLimits::CEILING.wall_ms);
    }

    #[test]
    fn the_trace_is_the_run() {
        let parent = trace_parent(run());
        assert_eq!(parent.len(), 55);
        assert_eq!(parent[3..35], run().id.0.simple().to_string());
    }
}
