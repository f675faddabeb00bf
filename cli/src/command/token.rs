//! Shell: `token create`: a token that ends, shown once. Reads the clock for the day it ends.

use api::http::token::{CreateToken, Role};
use api::manifest::release_policy::Class;
use api::quantity::Span;
use jiff::{SignedDuration, Timestamp};
use process::clock::{Clock as _, SystemClock};

use super::{Context, from_word};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a token; it is shown once
    #[command(
        after_help = "Example:\n  floorwalker token create --tenant acme --role pipeline --class feature --class config \\\n      --expires 90d"
    )]
    Create(Create),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The tenant; only a platform administrator's token has none
    #[arg(long)]
    tenant: Option<String>,
    /// What it may do: viewer reads, pipeline asks and releases too, tenant-admin makes tokens too; platform-admin is
    /// for all tenants
    #[arg(long, value_parser = from_word::<Role>)]
    role: Role,
    /// A class that the token may claim for a release, such as feature; repeat for several
    #[arg(long = "class", value_name = "CLASS", value_parser = from_word::<Class>)]
    classes: Vec<Class>,
    /// How long it lives, such as 30d; 400d at most
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: Span,
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(SystemClock.wall_ms()).expect("a machine's clock is within the years that jiff knows")
}

pub(crate) async fn run(Command::Create(create): Command, context: &Context) -> Result<Exit, Failure> {
    let Create { tenant, role, classes, expires } = create;
    let ends = SignedDuration::try_from(expires.0).ok().and_then(|life| now().checked_add(life).ok());
    let ends = ends.ok_or_else(|| Failure::Usage(format!("--expires {expires} is too long")))?;
    let token = CreateToken { tenant, role, classes, expires_at: ends.to_string() };
    let created = context.aggregator()?.token_create(&token).await?;
    context.output.print(&created, |created| {
        format!("{}\nid {}, ends {}; it is not shown again\n", created.token, created.id, created.expires_at)
    })?;
    Ok(Exit::Done)
}
