//! A journey that makes something, says that all is well, and dies when it is to remove it.

use floorwalker_sdk::host::ledger::Entry;
use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct TrapInCleanUp {}

impl Check for TrapInCleanUp {
    const KIND: Kind = Kind::Journey;
    const CAPABILITIES: &'static [Capability] = &[Capability::Ledger];

    fn run(&self, run: &Run) -> Judgement {
        ledger::intent(&Entry::new("sale.order", &run.id))?;
        Ok(Verdict::pass("made"))
    }
}

impl Journey for TrapInCleanUp {
    fn clean_up(&self, _: &Run, left: Vec<Entry>) -> Result<(), CheckError> {
        panic!("{} objects and no hand to remove them", left.len())
    }
}

export_journey!(TrapInCleanUp);
