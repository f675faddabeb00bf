//! `release create | start | finish`: what a pipeline does around a deployment.

use api::http::release::{CreateRelease, Deployment, FinishOutcome, FinishRelease, Release, StartRelease, Subject};
use api::id::Digest;
use api::manifest::freeze_rule::Action;
use api::manifest::release_policy::Class;

use super::{Context, from_word, word};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register a release: tenant, service, digest and class are fixed from here on
    #[command(
        after_help = "Example:\n  floorwalker release create --tenant acme --service shop --class feature --subject sha256:… \\\n      --name 1.4.2"
    )]
    Create(Create),
    /// Start it with the ticket of an allow
    #[command(after_help = "Example:\n  floorwalker release start REL --environment prod --ticket TICKET")]
    Start(Start),
    /// Say how it ended; what succeeded is what a rollback may go back to
    #[command(after_help = "Example:\n  floorwalker release finish REL --environment prod --outcome succeeded")]
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
    /// Where it was started, such as prod
    #[arg(long)]
    environment: String,
    /// How it ended: succeeded or failed
    #[arg(long, value_parser = from_word::<FinishOutcome>)]
    outcome: FinishOutcome,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let aggregator = context.aggregator()?;
    match command {
        Command::Create(Create { tenant, service, subject, class, name }) => {
            let release = CreateRelease { tenant, service, subject: Subject { digest: subject }, class, name };
            context.output.print(&aggregator.release_create(&release).await?, created)?;
        }
        Command::Start(Start { id, environment, ticket, action, subject }) => {
            let subject = match subject {
                Some(digest) => Subject { digest },
                None => aggregator.release(&id).await?.subject,
            };
            let start = StartRelease { environment, ticket, action, subject };
            context.output.print(&aggregator.release_start(&id, &start).await?, deployed)?;
        }
        Command::Finish(Finish { id, environment, outcome }) => {
            let finish = FinishRelease { environment, outcome };
            context.output.print(&aggregator.release_finish(&id, &finish).await?, deployed)?;
        }
    }
    Ok(Exit::Done)
}

fn created(release: &Release) -> String {
    let Release { id, tenant, service, subject, class, name, created_at, deployments: _ } = release;
    let name = name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("{id}\n{tenant}/{service}{name}, {}, created {created_at}, {}\n", class.as_str(), subject.digest)
}

fn deployed(deployment: &Deployment) -> String {
    let Deployment { id: _, environment, action, state, decision, started_at, finished_at } = deployment;
    let finished = finished_at.as_ref().map_or(String::new(), |at| format!(", finished {at}"));
    let (state, action) = (word(state), action.as_str());
    format!("{state}: {action} to {environment}, started {started_at}{finished}, decision {decision}\n")
}
