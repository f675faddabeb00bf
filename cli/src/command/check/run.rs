//! Shell: `check run`: one check, once, on this machine, by the path of a node: the same compiler, sandbox, limits and
//! judgement. Nothing is reported. A check whose tenant is not in the file gets a tenant that allows what it asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::local::{self, Local};
use api::catalogue::{self, Catalogue, Check, DescribedPlugin, DescribedPlugins};
use api::id::Digest;
use api::limits::SECRET_BYTES_MAX;
use api::manifest::FileText;
use api::result::Status;

use super::describe;
use super::local::{self as plan, Chosen};
use super::report;
use crate::args::{self, Printing};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::folder;
use process::supervise::chain;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the Check, its Plugin, and its Tenant where grants are to be held against a ceiling
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Which check, when the file holds several
    #[arg(long)]
    name: Option<String>,
    /// Component to run instead of the one that the Plugin names
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Value of a secret, from a file: NAME=FILE; repeat for several
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = secret)]
    secrets: Vec<(String, PathBuf)>,
    /// Folder for compiled plugins and for what checks keep; a second run is faster and sees the first one's state.
    /// In the user's cache unless given
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { file, name, component, secrets, dir, printing } = args;
    let text = folder::text(&file)?;
    let chosen = plan::choose(&text, name.as_deref()).map_err(Failure::Usage)?;
    let local = open(dir.unwrap_or_else(args::local_folder))?;
    let root = file.parent().map(Path::to_owned).unwrap_or_default();
    let bytes = bytes(&root, &text, &chosen, component.as_deref())?;
    let values = values(&chosen, secrets)?;
    let given = component.map(|_| Digest::of(&bytes));
    let mut texts = plan::beside(&text, &chosen, given.as_ref()).map_err(Failure::Usage)?;
    texts.push(text);
    let check = admit(&local, &texts, &chosen, &bytes).await?;
    let ran = local.run(check.assignment(|_| None), &bytes, values).await;
    let ran = ran.map_err(|error| Failure::here("the check cannot run", &error))?;
    let passes = matches!(ran.result.status, Status::Pass | Status::Warn);
    printing.output.print(&report::Report::of(ran), report::text)?;
    Ok(if passes { Exit::Done } else { Exit::Refused })
}

fn open(folder: PathBuf) -> Result<Local, Failure> {
    let unusable = |error: &std::io::Error| Failure::here(format!("{} cannot be made", folder.display()), error);
    fs::create_dir_all(&folder).map_err(|error| unusable(&error))?;
    let node =
        nix::unistd::gethostname().map_or_else(|_| "local".to_owned(), |name| name.to_string_lossy().into_owned());
    let config = local::Config { compiler: describe::program()?, folder, node };
    Local::open(config).map_err(|error| Failure::here("no sandbox", &error))
}

/// The component: as given, or as the Plugin in the file names it.
fn bytes(root: &Path, text: &FileText, chosen: &Chosen, component: Option<&Path>) -> Result<Vec<u8>, Failure> {
    if let Some(file) = component {
        return folder::component_at(file).map_err(Failure::Usage);
    }
    let mut texts = plan::beside(text, chosen, None).map_err(Failure::Usage)?;
    texts.push(text.clone());
    let catalogue = catalogue::next(&Catalogue::default(), &texts, &DescribedPlugins::new());
    let plugin = catalogue.plugins.values().find(|plugin| plugin.manifest.metadata.name == chosen.manifest.spec.plugin);
    let missing = || {
        Failure::Usage(format!(
            "{} holds no Plugin {}: add it, or give --component",
            text.path, chosen.manifest.spec.plugin
        ))
    };
    describe::component(root, plugin.ok_or_else(missing)?)
        .map_err(|why| Failure::Usage(format!("{why}; or give --component")))
}

/// Holds the check against its plugin and its tenant, as the aggregator does.
async fn admit(local: &Local, texts: &[FileText], chosen: &Chosen, bytes: &[u8]) -> Result<Check, Failure> {
    let digest = Digest::of(bytes);
    let answer = local.describe(bytes).await.map_err(|error| Failure::Usage(chain(&error)))?;
    let plugin = DescribedPlugin::parse(digest.clone(), &answer);
    let plugin = plugin.map_err(|error| Failure::Usage(DescribedPlugin::complaint(&error)))?;
    let described: DescribedPlugins = [(digest.clone(), Ok(Arc::new(plugin)))].into();
    let catalogue = catalogue::next(&Catalogue::default(), texts, &described);
    if let Some(check) = catalogue.checks.get(&chosen.id) {
        return Ok(check.clone());
    }
    let head = chosen.manifest.head();
    let about =
        catalogue.refused.iter().filter(|refusal| refusal.head.as_ref() == Some(&head)).map(ToString::to_string);
    let about: Vec<_> = about.collect();
    let all = || catalogue.refused.iter().map(ToString::to_string).collect();
    Err(Failure::Here(if about.is_empty() { all() } else { about }.join("\n")))
}

fn values(chosen: &Chosen, files: Vec<(String, PathBuf)>) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut values = BTreeMap::new();
    for (name, file) in files {
        let unreadable = |why: String| Failure::Usage(format!("--secret {name}: {} {why}", file.display()));
        let read = folder::read_at_most(&file, SECRET_BYTES_MAX);
        let mut value = read.map_err(|error| unreadable(format!("cannot be read: {error}")))?;
        if value.len() > SECRET_BYTES_MAX {
            return Err(unreadable(format!("has more than {SECRET_BYTES_MAX} bytes")));
        }
        // Editors end files with a line end; no password does.
        value.truncate(value.trim_ascii_end().len());
        values.insert(name, value);
    }
    let declared = chosen.manifest.spec.secrets.iter();
    if let Some(missing) = declared.map(|secret| secret.name.to_string()).find(|name| !values.contains_key(name)) {
        return Err(Failure::Usage(format!("the secret {missing} has no value: give --secret {missing}=FILE")));
    }
    Ok(values)
}

fn secret(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("write NAME=FILE")?;
    Ok((name.to_owned(), PathBuf::from(file)))
}
