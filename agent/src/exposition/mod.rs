//! What the node shows of its checks to Prometheus: the blackbox exporter's names where the meaning is the same, and
//! problems. Filled by `schedule/driver` after each run, gathered by the admin listener. Counts kept for the agent
//! itself are in each stage's `metrics`.

pub mod probe;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::id::CheckId;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

use crate::judge::problem::Open;
use crate::run::Ran;
use probe::{Row, families};

/// The rows of all checks of this node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exposition {
    rows: Arc<Mutex<BTreeMap<CheckId, Row>>>,
    problems: IntCounterVec,
    descriptions: Arc<[Desc]>,
}

/// A check that is on this node, as metrics show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its open problem.
    pub problem: Option<Open>,
}

// === impl Exposition ===

impl Exposition {
    /// Registers it.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let help = "Problems that opened on this node, by reason.";
        let problems = register_int_counter_vec_with_registry!("problem_counter", help, &["reason"], registry)?;
        let description = |(name, help): (&str, &str)| Desc::new(name.into(), help.into(), vec![], [].into());
        let descriptions = probe::NAMES.into_iter().map(description).collect::<prometheus::Result<Vec<Desc>>>()?;
        let this = Self { rows: Arc::default(), problems, descriptions: descriptions.into() };
        registry.register(Box::new(this.clone()))?;
        Ok(this)
    }

    /// A run of a check has ended; `outcome` is absent when it did not take place.
    pub fn ran(&self, ran: &Ran, standing: Standing) {
        let Ran { assignment, result, outcome, .. } = ran;
        let row = Row { problem: standing.problem, ..Row::new(assignment, result, outcome.as_ref()) };
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).insert(assignment.check_id, row);
    }

    /// A problem of a check opened.
    pub fn opened(&self, open: &Open) {
        self.problems.with_label_values(&[open.reason]).inc();
    }

    /// The checks of this node changed: forgets those that are gone, shows of the others what stands now.
    pub fn adopt(&self, standing: impl Fn(CheckId) -> Option<Standing>) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).retain(|check, row| match standing(*check) {
            None => false,
            Some(Standing { problem }) => {
                row.problem = problem;
                true
            }
        });
    }
}

impl Collector for Exposition {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        families(self.rows.lock().unwrap_or_else(PoisonError::into_inner).values())
    }
}

#[cfg(test)]
mod tests {
    use api::result::{Reason, Status};

    use super::*;
    use crate::testing::{assignment, result};

    fn shown(exposition: &Exposition, name: &str) -> usize {
        let families = exposition.collect();
        families.iter().filter(|family| family.name() == name).map(|family| family.get_metric().len()).sum()
    }

    #[test]
    fn a_problem_is_shown_while_it_stands_and_a_check_while_it_is_here() {
        let exposition = Exposition::register(&Registry::new()).expect("registers");
        let ran = Ran {
            assignment: Arc::new(assignment("checkout")),
            result: result(Status::Fail, Some(Reason::HttpStatus)),
            outcome: None,
            lease: None,
            began_boot_ms: 0,
            cpu: std::time::Duration::ZERO,
            ledger: vec![],
        };
        let problem = Some(Open { layer: "business", reason: "http-status" });
        exposition.ran(&ran, Standing { problem });
        assert_eq!((shown(&exposition, "probe_success"), shown(&exposition, "problem_gauge")), (1, 1));
        exposition.adopt(|_| Some(Standing { problem: None }));
        assert_eq!((shown(&exposition, "probe_success"), shown(&exposition, "problem_gauge")), (1, 0));
        exposition.adopt(|_| None);
        assert_eq!(shown(&exposition, "probe_success"), 0);
    }
}
