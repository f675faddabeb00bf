//! The fleet's metrics. Set by the placement task.

use prometheus::{IntGaugeVec, Registry, register_int_gauge_vec_with_registry};

use crate::placement::agents::Seen;

/// Gauges of the fleet.
#[derive(Clone, Debug)]
pub struct Metrics {
    agents: IntGaugeVec,
}

impl Metrics {
    /// Registers the gauges.
    ///
    /// # Errors
    /// A name is taken already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Agents by whether they are heard.";
        let agents = register_int_gauge_vec_with_registry!("floorwalker_agents", help, &["state"], registry)?;
        Ok(Self { agents })
    }

    /// Sets how many agents are live and how many silent.
    pub fn agents(&self, seen: &[Seen]) {
        let live = seen.iter().filter(|seen| seen.live).count();
        let gauge = |state: &str, count: usize| {
            self.agents.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        gauge("live", live);
        gauge("silent", seen.len() - live);
    }
}
