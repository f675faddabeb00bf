//! Named parts of a run, timed by the host, so that a run which traps half-way still says where it died.
//! Closing a step closes what is still open inside it, as `skipped` is not what happened: they keep no status.

use std::time::Duration;

use api::limits::{STEPS_MAX, TEXT_BYTES_MAX, cut};

use crate::outcome::{Phases, StepReport, StepStatus};

/// The handle of a step that was over the limit: closing it is accepted and does nothing.
const NOT_KEPT: u32 = u32::MAX;

/// The steps of a run.
#[derive(Default)]
pub(crate) struct Steps {
    all: Vec<Step>,
    open: Vec<usize>,
}

struct Step {
    name: String,
    depth: u32,
    opened: Duration,
    closed: Option<Duration>,
    status: Option<StepStatus>,
    message: Option<String>,
}

impl Steps {
    /// The innermost open step.
    pub(crate) fn present(&self) -> Option<usize> {
        self.open.last().copied()
    }

    pub(crate) fn open(&mut self, name: &str, now: Duration) -> u32 {
        if self.all.len() == STEPS_MAX {
            return NOT_KEPT;
        }
        let index = self.all.len();
        self.all.push(Step {
            name: cut(name, TEXT_BYTES_MAX).to_owned(),
            depth: u32::try_from(self.open.len()).unwrap_or(u32::MAX),
            opened: now,
            closed: None,
            status: None,
            message: None,
        });
        self.open.push(index);
        u32::try_from(index).unwrap_or(NOT_KEPT)
    }

    pub(crate) fn close(&mut self, handle: u32, status: StepStatus, message: Option<&str>, now: Duration) {
        let Some(place) = self.open.iter().position(|index| *index == handle as usize) else {
            return;
        };
        for index in self.open.drain(place..) {
            self.all[index].closed = Some(now);
        }
        let step = &mut self.all[handle as usize];
        step.status = Some(status);
        step.message = message.map(|text| cut(text, TEXT_BYTES_MAX).to_owned());
    }

    /// The reports at the end of the run; `phases` are those of each step's requests.
    pub(crate) fn into_reports(self, now: Duration, phases: impl Fn(usize) -> Phases) -> Vec<StepReport> {
        let report = |(index, step): (usize, Step)| StepReport {
            name: step.name,
            depth: step.depth,
            status: step.status,
            message: step.message,
            duration: step.closed.unwrap_or(now).saturating_sub(step.opened),
            phases: phases(index),
        };
        self.all.into_iter().enumerate().map(report).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_step_left_open_says_where_the_run_died() {
        let mut steps = Steps::default();
        let order = steps.open("order", MS);
        let login = steps.open("log in", 2 * MS);
        assert_eq!(steps.present(), Some(1));
        steps.close(login, StepStatus::Pass, None, 5 * MS);
        let _ = steps.open("confirm", 6 * MS);
        let reports = steps.into_reports(10 * MS, |_| Phases::default());
        let told: Vec<_> = reports.iter().map(|r| (r.name.as_str(), r.depth, r.status, r.duration)).collect();
        assert_eq!(
            told,
            [("order", 0, None, 9 * MS), ("log in", 1, Some(StepStatus::Pass), 3 * MS), ("confirm", 1, None, 4 * MS),]
        );
        assert_eq!(order, 0);
    }

    #[test]
    fn closing_a_step_ends_what_is_inside_it() {
        let mut steps = Steps::default();
        let outer = steps.open("outer", MS);
        let _ = steps.open("inner", 2 * MS);
        steps.close(outer, StepStatus::Fail, Some("no"), 4 * MS);
        assert_eq!(steps.present(), None);
        let reports = steps.into_reports(100 * MS, |_| Phases::default());
        assert_eq!((reports[1].duration, reports[1].status), (2 * MS, None));
        assert_eq!((reports[0].status, reports[0].message.as_deref()), (Some(StepStatus::Fail), Some("no")));
    }

    #[test]
    fn handles_that_were_never_given_do_nothing() {
        let mut steps = Steps::default();
        for _ in 0..=STEPS_MAX {
            let handle = steps.open("again", MS);
            steps.close(handle, StepStatus::Pass, None, MS);
        }
        steps.close(7_000, StepStatus::Fail, None, MS);
        steps.close(0, StepStatus::Fail, None, MS);
        let reports = steps.into_reports(MS, |_| Phases::default());
        assert_eq!(reports.len(), STEPS_MAX);
        assert!(reports.iter().all(|report| report.status == Some(StepStatus::Pass)));
    }
}
