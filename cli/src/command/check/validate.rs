//! Shell: `check validate`: the aggregator's own code over a folder of manifests, without an aggregator.

use std::path::PathBuf;

use api::catalogue::{self, Catalogue, DescribedPlugins};
use api::manifest::{Kind, Manifest, Refusal};
use serde::Serialize;

use super::describe;
use crate::args::Printing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::folder;
use crate::output::table::Table;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of manifests, read with its subfolders; or one file
    folder: PathBuf,
    #[command(flatten)]
    printing: Printing,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    documents: Vec<Line>,
    refused: Vec<Refused>,
}

/// A document in force.
#[derive(Debug, Serialize)]
struct Line {
    kind: &'static str,
    name: String,
    version: String,
    file: String,
    line: u32,
    #[serde(skip)]
    columns: String,
}

/// A document, or a field, that is not taken.
#[derive(Debug, Serialize)]
struct Refused {
    file: String,
    line: u32,
    column: u32,
    field: String,
    message: String,
    remedy: String,
}

pub(super) async fn run(Args { folder, printing }: Args) -> Result<Exit, Failure> {
    let (root, texts) = if folder.is_dir() {
        (folder.clone(), folder::texts(&folder)?)
    } else if folder.is_file() {
        (folder.parent().map(ToOwned::to_owned).unwrap_or_default(), vec![folder::text(&folder)?])
    } else {
        return Err(Failure::Usage(format!("{} is neither a folder nor a file", folder.display())));
    };
    let undescribed = catalogue::next(&Catalogue::default(), &texts, &DescribedPlugins::new());
    let described = describe::all(&root, &undescribed).await?;
    let catalogue = catalogue::next(&undescribed, &texts, &described);
    let report = Report { documents: documents(&catalogue), refused: catalogue.refused.iter().map(refused).collect() };
    if report.documents.is_empty() && report.refused.is_empty() {
        // Most likely a mistyped name: nothing was looked at, so nothing was found valid.
        let what = if texts.is_empty() { "manifest: no file below it ends with .yaml or .yml" } else { "document" };
        return Err(Failure::Usage(format!("{} holds no {what}; name what is to be validated", folder.display())));
    }
    printing.output.print(&report, |report| text(report, &catalogue.refused))?;
    Ok(if report.refused.is_empty() { Exit::Done } else { Exit::Refused })
}

fn text(report: &Report, refused: &[Refusal]) -> String {
    let mut table = Table::new(["KIND", "NAME", "VERSION", "SAYS"], "no document is taken");
    for line in &report.documents {
        table.row([line.kind.to_owned(), line.name.clone(), line.version.clone(), line.columns.clone()]);
    }
    let mut text = format!("{table}\n");
    for refusal in refused {
        text.push_str(&format!("{refusal}\n"));
    }
    text.push_str(&format!("{} documents taken, {} faults\n", report.documents.len(), refused.len()));
    text
}

fn documents(catalogue: &Catalogue) -> Vec<Line> {
    let tenants = catalogue.tenants.values().map(|manifest| line(manifest));
    let plugins = catalogue.plugins.values().map(|plugin| line(&plugin.manifest));
    let checks = catalogue.checks.values().map(|check| line(&check.manifest));
    let rules = catalogue.rules.iter().map(|law| line(&law.manifest));
    let policies = catalogue.policies.iter().map(|law| line(&law.manifest));
    tenants.chain(plugins).chain(checks).chain(rules).chain(policies).collect()
}

fn line<S: Kind>(manifest: &Manifest<S>) -> Line {
    let columns =
        manifest.spec.columns().into_iter().map(|(heading, cell)| format!("{}: {cell}", heading.to_lowercase()));
    Line {
        kind: S::NAME.as_str(),
        name: manifest.id(),
        version: manifest.version.clone(),
        file: manifest.source.file.clone(),
        line: manifest.source.line,
        columns: columns.collect::<Vec<_>>().join(", "),
    }
}

fn refused(refusal: &Refusal) -> Refused {
    let Refusal { file, line, column, field, message, remedy, head: _ } = refusal.clone();
    Refused { file, line, column, field, message, remedy }
}
