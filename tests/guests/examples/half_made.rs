//! A journey that makes something and then dies, in the way its configuration says. Its clean-up removes what is left,
//! or dies in turn.

use floorwalker_sdk::host::ledger::Entry;
use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct HalfMade {
    /// How the run dies.
    death: Death,
    /// Whether clean-up dies too.
    #[serde(default)]
    clean_up_panics: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Death {
    None,
    Trap,
    Spin,
}

impl Check for HalfMade {
    const KIND: Kind = Kind::Journey;
    const CAPABILITIES: &'static [Capability] = &[Capability::Ledger];

    fn run(&self, run: &Run) -> Judgement {
        let order = Entry::new("sale.order", &run.id);
        ledger::intent(&order)?;
        let _step = step::open("confirm");
        match self.death {
            Death::None => {}
            Death::Trap => panic!("the run dies here"),
            Death::Spin => loop {
                std::hint::black_box(0);
            },
        }
        ledger::cleaned(&order)?;
        Ok(Verdict::pass("made and removed"))
    }
}

impl Journey for HalfMade {
    fn clean_up(&self, _: &Run, left: Vec<Entry>) -> Result<(), CheckError> {
        assert!(!self.clean_up_panics, "clean-up dies too");
        for entry in &left {
            ledger::cleaned(entry).map_err(|error| CheckError::new(Reason::Other, error.message))?;
        }
        Ok(())
    }
}

export_journey!(HalfMade);
