//! Journey through Odoo 11 and 16 to 19: log in, create a marked order, confirm it, see stock reserved, cancel it,
//! read the state back. Here stand the configuration and the order of the steps; `journey` makes the calls, `answer`
//! and `check` judge. It never invoices, pays or deletes: those leave traces in the books.

mod answer;
mod check;
mod journey;
mod rpc;

use floorwalker_sdk::prelude::*;

use journey::Desk;

/// An Odoo database and the fixtures that synthetic orders use there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OdooOrder {
    /// Origin of the server, such as `https://shop.example`; must be granted under `http`.
    #[schemars(regex(pattern = r"^https?://[^/]+/?$"), length(max = 512))]
    pub base_url: String,
    /// Name of the database.
    #[schemars(length(min = 1, max = 128))]
    pub database: String,
    /// Login of the dedicated user.
    #[schemars(length(min = 1, max = 256))]
    pub login: String,
    /// Name of the secret that holds the user's password or API key.
    #[serde(default = "password_secret")]
    #[schemars(length(min = 1, max = 128))]
    pub password_secret: String,
    /// The dedicated customer.
    pub partner: Partner,
    /// The dedicated storable product, in stock.
    pub product: Product,
    /// How many are ordered.
    #[serde(default = "quantity")]
    #[schemars(range(min = 1, max = 1000))]
    pub quantity: u32,
    /// The longest a call may take, in milliseconds; absent: a quarter of the run's time.
    #[serde(default)]
    #[schemars(range(min = 100, max = 60_000))]
    pub call_timeout_ms: Option<u32>,
}

/// How the dedicated customer is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Partner {
    /// By the id of its `res.partner`.
    Id(u32),
    /// By its internal reference, `ref`.
    Ref(String),
}

/// How the dedicated product is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Product {
    /// By the id of its `product.product`.
    Id(u32),
    /// By its internal reference, `default_code`.
    Code(String),
}

fn password_secret() -> String {
    "odoo-api-key".to_owned()
}

fn quantity() -> u32 {
    1
}

impl Check for OdooOrder {
    const KIND: Kind = Kind::Journey;
    const CAPABILITIES: &'static [Capability] =
        &[Capability::Http, Capability::Secrets, Capability::Ledger, Capability::State];

    fn run(&self, run: &Run) -> Judgement {
        let desk = Desk::log_in(self, run)?;
        let (partner, product) = step::run("fixtures", || desk.fixtures())?;
        // Findable at the target by whoever cleans up, and the same if the same run is asked twice.
        let entry = ledger::Entry::new("sale.order", &format!("floorwalker-{}", run.id));
        let order = step::run("create", || desk.create(&entry, partner, product))?;
        let delivered = desk.confirm_and_reserve(order);
        let undone = desk.undo(order, &entry);
        match (delivered, undone) {
            (Ok(()), Ok(())) => {
                let summary = format!("order {order} in {} confirmed, reserved and cancelled", desk.series());
                Ok(Verdict::pass(summary))
            }
            (Err(stop), Ok(())) | (Ok(()), Err(stop)) => Err(stop),
            (Err(stop), Err(undo)) => Err(stop.and_then(undo.message())),
        }
    }
}

impl Journey for OdooOrder {
    fn clean_up(&self, run: &Run, left: Vec<ledger::Entry>) -> Result<(), CheckError> {
        journey::sweep(self, run, &left).map_err(Stop::into_error)
    }
}

export_journey!(OdooOrder);

#[cfg(test)]
mod tests;
