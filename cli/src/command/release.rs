//! `release create | start | finish`: what a pipeline does around a deployment.

use api::http::release::{CreateRelease, Deployment, FinishOutcome, FinishRelease, Release, StartRelease, Subject};
use api::id::Digest;
use api::manifest::freeze_rule::Action;
use api::manifest::release_policy::Class;

use super::context::Context;
use crate::args::from_word;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::say;
use crate::output::word;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register a release: tenant, service, digest and class are fixed from here on
    #[command(
        after_help = "Example:\n  floorwalker release create --tenant acme --service shop --class feature --subject sha256:… \\\n      --name 1.4.2"
    )]
    Create(Create),
    /// Start it with the ticket of an allow; prints the deployment's id, which `release finish` takes
    #[command(after_help = "Example:\n  floorwalker release start REL --environment prod --ticket TICKET")]
    Start(Start),
    /// Say how it ended; what succeeded is what a rollback may go back to
    #[command(after_help = "Example:\n  floorwalker release finish REL --deployment DEP --outcome succeeded\n\n\
        DEP is the first line that `release start` prints. The same command again changes nothing and exits 0.")]
    Finish(Finish),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// Whose it is, such as acme
    #[arg(long)]
    tenant: String,
    /// What is released, such as shop; one of the tenant's services
    #[arg(long)]
    service: String,
    /// Digest of what is released, of the form sha256:…, such as an image manifest's
    #[arg(long, value_name = "DIGEST")]
    subject: Digest,
    /// Class of the change: feature, config, business-config, schema, integration, infra, security-hotfix or emergency
    #[arg(long, value_parser = from_word::<Class>)]
    class: Class,
    /// Your name of it, such as a version
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Id of the release, which `release create` printed
    id: String,
    /// Where it is started, such as prod
    #[arg(long)]
    environment: String,
    /// The ticket that `gate check` printed with its allow; each starts once
    #[arg(long)]
    ticket: String,
    /// What is done: deploy, migrate, config, infra or rollback
    #[arg(long, default_value = "deploy", value_parser = from_word::<Action>)]
    action: Action,
    /// Digest of what is about to run; the release's own unless given
    #[arg(long, value_name = "DIGEST")]
    subject: Option<Digest>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Finish {
    /// Id of the release, which `release create` printed
    id: String,
    /// The deployment, as `release start` named it
    #[arg(long, value_name = "ID")]
    deployment: String,
    /// How it ended: succeeded or failed
    #[arg(long, value_parser = from_word::<FinishOutcome>)]
    outcome: FinishOutcome,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let aggregator = context.aggregator()?;
    match command {
        Command::Create(Create { tenant, service, subject, class, name }) => {
            let release = CreateRelease { tenant, service, subject: Subject { digest: subject }, class, name };
            let known = aggregator.release_create(&release).await?;
            if let Some(note) = renamed(&known, release.name.as_deref()) {
                say(&note);
            }
            context.output.print(&known, created)?;
        }
        Command::Start(Start { id, environment, ticket, action, subject }) => {
            let subject = match subject {
                Some(digest) => Subject { digest },
                None => aggregator.release(&id).await?.subject,
            };
            let start = StartRelease { environment, ticket, action, subject };
            context.output.print(&aggregator.release_start(&id, &start).await?, deployed)?;
        }
        Command::Finish(Finish { id, deployment, outcome }) => {
            let finish = FinishRelease { deployment, outcome };
            context.output.print(&aggregator.release_finish(&id, &finish).await?, deployed)?;
        }
    }
    Ok(Exit::Done)
}

/// Said when the digest was a release before, under another name.
fn renamed(known: &Release, wanted: Option<&str>) -> Option<String> {
    let wanted = wanted.filter(|wanted| known.name.as_deref() != Some(wanted))?;
    let name = known.name.as_deref().map_or("without a name".to_owned(), |name| format!("as `{name}`"));
    Some(format!("this digest was released before {name}; it keeps that, and `{wanted}` is not stored"))
}

fn created(release: &Release) -> String {
    let Release { id, tenant, service, subject, class, name, created_at, deployments: _ } = release;
    let name = name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("{id}\n{tenant}/{service}{name}, {}, created {created_at}, {}\n", class.as_str(), subject.digest)
}

fn deployed(deployment: &Deployment) -> String {
    let Deployment { id, environment, action, state, decision, started_at, finished_at } = deployment;
    let finished = finished_at.as_ref().map_or(String::new(), |at| format!(", finished {at}"));
    let (state, action) = (word(state), action.as_str());
    format!("{id}\n{state}: {action} to {environment}, started {started_at}{finished}, decision {decision}\n")
}
