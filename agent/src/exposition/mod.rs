//! What the node shows of its checks to Prometheus: the blackbox exporter's names where the meaning is the same, and
//! problems. Filled by `schedule/driver` after each run, gathered by the admin listener. Counts kept for the agent
//! itself are in each stage's `metrics`.

pub mod probe;
pub mod problem;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::Assignment;
use api::id::CheckId;
use api::result::CheckResult;
use host::Outcome;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, Opts, Registry};

use probe::{Row, families};
use problem::Open;

/// The rows of all checks of this node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exposition {
    rows: Arc<Mutex<BTreeMap<CheckId, Row>>>,
    problems: IntCounterVec,
    descriptions: Arc<[Desc]>,
}

// === impl Exposition ===

impl Exposition {
    /// Registers it.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let opts = Opts::new("problem_counter", "Problems that opened on this node, by reason.");
        let problems = IntCounterVec::new(opts, &["reason"])?;
        registry.register(Box::new(problems.clone()))?;
        let description = |(name, help): (&str, &str)| Desc::new(name.into(), help.into(), vec![], [].into());
        let descriptions = probe::NAMES.into_iter().map(description).collect::<prometheus::Result<Vec<Desc>>>()?;
        let this = Self { rows: Arc::default(), problems, descriptions: descriptions.into() };
        registry.register(Box::new(this.clone()))?;
        Ok(this)
    }

    /// A run has ended; `outcome` is absent when it did not take place.
    pub fn ran(&self, assignment: &Assignment, result: &CheckResult, outcome: Option<&Outcome>) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = rows.get(&assignment.check_id).and_then(|row| row.problem.clone());
        rows.insert(assignment.check_id, Row { problem, ..Row::new(assignment, result, outcome) });
    }

    /// A problem of a check opened or closed.
    pub fn problem(&self, check: CheckId, open: Option<Open>) {
        if let Some(open) = &open {
            self.problems.with_label_values(&[open.reason]).inc();
        }
        if let Some(row) = self.rows.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&check) {
            row.problem = open;
        }
    }

    /// Forgets checks that are not on this node any more.
    pub fn retain(&self, mut is_here: impl FnMut(&CheckId) -> bool) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).retain(|check, _| is_here(check));
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
