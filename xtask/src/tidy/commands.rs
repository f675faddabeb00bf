//! Shell: every command, flag and variable that documents and deployment files name exists in the binaries.
//!
//! The binaries are asked by `--help`; what is not built yet is counted as skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::args::{self, Setting};
use crate::launch;

use super::house::{House, Text};
use super::{Findings, Violation};

const RULE: &str = "commands";

const BINARIES: [&str; 3] = ["floorwalker", "floorwalker-agent", "floorwalker-aggregator"];
/// `floorwalker plugin inspect` is two below its program; nothing of ours is deeper than three.
const DEPTH_MAX: usize = 3;

/// What one command understands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) flags: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    pub(super) commands: BTreeMap<String, Spoken>,
}

/// What every program understands, by how it is called; one that is not built is skipped.
pub(super) fn programs(setting: &Setting, findings: &mut Findings) -> anyhow::Result<BTreeMap<String, Spoken>> {
    let mut programs = BTreeMap::from([("cargo xtask".to_owned(), Spoken::of(&args::commands()))]);
    for binary in BINARIES {
        let program = setting.binaries().join(binary);
        if program.is_file() {
            programs.insert(binary.to_owned(), ask(&program, &[])?);
        } else {
            findings.skipped.push(format!("commands of {binary} in documents: it is not built (cargo xtask build)"));
        }
    }
    Ok(programs)
}

pub(super) fn check(house: &House, programs: &BTreeMap<String, Spoken>) -> Vec<Violation> {
    let documents = house.texts.iter().filter(|text| text.path.ends_with(".md"));
    let invoked = documents.flat_map(|text| invocations(&text.text).into_iter().map(move |invoked| (text, invoked)));
    let violation = |(text, (line, words)): (&Text, (usize, Vec<String>))| {
        wrong(programs, &words).map(|wrong| Violation::new(&text.path, line, RULE, wrong))
    };
    invoked.filter_map(violation).collect()
}

fn ask(program: &Path, words: &[&str]) -> anyhow::Result<Spoken> {
    let mut spoken = heard(&launch::output(Command::new(program).args(words).arg("--help"))?);
    if words.len() < DEPTH_MAX {
        for (name, below) in &mut spoken.commands {
            *below = ask(program, &[words, &[name]].concat())?;
        }
    }
    Ok(spoken)
}

/// Reads a help text of clap.
fn heard(help: &str) -> Spoken {
    let mut spoken = Spoken::default();
    let mut in_commands = false;
    for line in help.lines() {
        let text = line.trim_start();
        if !line.starts_with(' ') {
            in_commands = line.starts_with("Commands:");
        } else if in_commands && line.starts_with("  ") && !line.starts_with("   ") {
            let name = text.split_whitespace().next().unwrap_or_default();
            if name != "help" {
                spoken.commands.insert(name.to_owned(), Spoken::default());
            }
        } else if text.starts_with('-') {
            spoken.flags.extend(text.split([' ', ',', '=']).filter(|word| word.starts_with("--")).map(str::to_owned));
        }
    }
    // Long lines are wrapped anywhere, also behind the colon.
    for rest in help.split("[env:").skip(1) {
        spoken.variables.extend(rest.trim_start().split(['=', ']']).next().map(str::to_owned));
    }
    spoken
}

/// Command lines in code spans and fenced blocks, as words, with their line.
fn invocations(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push((index + 1, line.split(" #").next().unwrap_or(line)));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (index + 1, span)));
        }
    }
    let words = |line: &str| line.trim_start_matches("$ ").split_whitespace().map(str::to_owned).collect();
    found.into_iter().map(|(line, text)| (line, words(text))).collect()
}

/// What is wrong with a command line, if it is one of ours.
fn wrong(programs: &BTreeMap<String, Spoken>, words: &[String]) -> Option<String> {
    let is_setting = |word: &&String| word.contains('=') && !word.starts_with('-');
    let mut words = words.iter().skip_while(is_setting);
    let mut name = words.next()?.clone();
    if name == "cargo" {
        name = format!("cargo {}", words.next()?);
    }
    let mut spoken = programs.get(&name)?;
    let mut flags = spoken.flags.clone();
    let mut descending = true;
    for word in words.take_while(|word| !matches!(word.as_str(), "|" | "&&" | "||" | ";" | "--" | ">" | "\\")) {
        if let Some(flag) = word.strip_prefix("--") {
            descending = false;
            let flag = format!("--{}", flag.split('=').next().unwrap_or_default());
            if is_name(&flag[2..]) && !flags.contains(&flag) {
                return Some(format!("`{name}` has no flag `{flag}`: see its --help"));
            }
        } else if descending && !spoken.commands.is_empty() && is_name(word) {
            let Some(below) = spoken.commands.get(word) else {
                return Some(format!("`{name}` has no command `{word}`: see its --help"));
            };
            spoken = below;
            flags.extend(below.flags.iter().cloned());
            name = format!("{name} {word}");
        } else {
            descending = false;
        }
    }
    None
}

/// A word that can be a command's or flag's name, and is no placeholder.
fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|character| character.is_ascii_lowercase() || matches!(character, '-' | '0'..='9'))
}

// === impl Spoken ===

impl Spoken {
    fn of(command: &clap::Command) -> Self {
        let flags = command.get_arguments().filter_map(|argument| argument.get_long());
        Self {
            flags: flags.map(|flag| format!("--{flag}")).chain(["--help".to_owned()]).collect(),
            variables: BTreeSet::new(),
            commands: command.get_subcommands().map(|below| (below.get_name().to_owned(), Self::of(below))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "The floorwalker command\n\nUsage: floorwalker [OPTIONS] <COMMAND>\n\nCommands:\n  \
                        gate  Asks the gate\n  help  Print this message\n\nOptions:\n      --url <URL>\n          \
                        Where [env:\n          FLOORWALKER_URL=]\n  -h, --help  Print help\n";

    fn programs() -> BTreeMap<String, Spoken> {
        BTreeMap::from([("floorwalker".to_owned(), heard(HELP))])
    }

    fn wrong_line(line: &str) -> Option<String> {
        wrong(&programs(), &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_help_text_is_read() {
        let spoken = heard(HELP);
        assert_eq!(spoken.commands.keys().collect::<Vec<_>>(), ["gate"]);
        assert_eq!(spoken.flags, BTreeSet::from(["--help".to_owned(), "--url".to_owned()]));
        assert_eq!(spoken.variables, BTreeSet::from(["FLOORWALKER_URL".to_owned()]));
    }

    #[test]
    fn what_exists_passes() {
        assert_eq!(wrong_line("floorwalker gate --url URL"), None);
        assert_eq!(wrong_line("A=b floorwalker gate | jq ."), None);
        assert_eq!(wrong_line("other --frobnicate"), None, "not ours");
    }

    #[test]
    fn what_does_not_exist_is_named() {
        assert!(wrong_line("floorwalker door").is_some_and(|said| said.contains("no command `door`")));
        assert!(wrong_line("floorwalker gate --loud").is_some_and(|said| said.contains("no flag `--loud`")));
    }

    #[test]
    fn command_lines_are_found_in_spans_and_blocks() {
        let text = "run `floorwalker gate`\n```sh\nfloorwalker gate --url X  # asks\n```\n";
        let lines: Vec<String> = invocations(text).into_iter().map(|(_, words)| words.join(" ")).collect();
        assert_eq!(lines, ["floorwalker gate", "floorwalker gate --url X"]);
    }
}
