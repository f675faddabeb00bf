//! Shell: `token create`: a token that ends, shown once; `token list` and `token revoke`. Reads the clock for the day
//! a token ends.

use api::http::token::{CreateToken, Role, Token};
use api::manifest::release_policy::Class;
use api::quantity::Span;
use jiff::{SignedDuration, Timestamp};
use process::clock::{Clock as _, SystemClock};

use super::context::Context;
use crate::args::from_word;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::{Table, or_dash};
use crate::output::word;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a token; it is shown once
    #[command(
        after_help = "Example:\n  floorwalker token create --tenant acme --role pipeline --class feature --class config \\\n      --expires 90d"
    )]
    Create(Create),
    /// List tokens, without their secrets
    #[command(after_help = "Example:\n  floorwalker token list --tenant acme")]
    List(List),
    /// Revoke a token for good; it is refused from now on
    #[command(after_help = "Example:\n  floorwalker token revoke 3f9a0c51d2b84e6f7a1b2c3d")]
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The tenant; all you may see unless given
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The token's id: the part between fwt_ and the secret, or from `token list`
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The tenant; yours unless given, and a platform administrator's token has none
    #[arg(long)]
    tenant: Option<String>,
    /// What it may do: viewer reads, pipeline asks and releases too, tenant-admin makes tokens too; platform-admin is
    /// for all tenants
    #[arg(long, value_parser = from_word::<Role>)]
    role: Role,
    /// A class that the token may claim for a release, such as feature (a viewer's: in simulations); repeat for several
    #[arg(long = "class", value_name = "CLASS", value_parser = from_word::<Class>)]
    classes: Vec<Class>,
    /// How long it lives, such as 30d; 400d at most
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: Span,
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(SystemClock.wall_ms()).expect("a machine's clock is within the years that jiff knows")
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Create(command) => create(command, context).await,
        Command::List(List { tenant }) => {
            let tokens = context.aggregator()?.tokens(tenant.as_deref()).await?;
            context.output.print_list(&tokens, table)?;
            Ok(Exit::Done)
        }
        Command::Revoke(Revoke { id }) => {
            let revoked = context.aggregator()?.token_revoke(&id).await?;
            context.output.print(&revoked, |token| format!("{} is revoked\n", token.id))?;
            Ok(Exit::Done)
        }
    }
}

async fn create(create: Create, context: &Context) -> Result<Exit, Failure> {
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

fn table(tokens: &[Token]) -> Table {
    let mut table = Table::new(["ID", "TENANT", "ROLE", "MADE BY", "MADE", "ENDS", "REVOKED"], "there is no token");
    for token in tokens {
        table.row([
            token.id.clone(),
            or_dash(token.tenant.as_ref()),
            word(token.role),
            token.created_by.clone(),
            token.created_at.clone(),
            token.expires_at.clone(),
            or_dash(token.revoked_at.as_ref()),
        ]);
    }
    table
}
