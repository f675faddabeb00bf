//! Shell: reads the checkout once, for all rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::scan::{self, Scan};

/// Not ours to judge: what cargo builds, and version control.
const OUTSIDE: [&str; 2] = ["target", ".git"];
/// A text of ours is far smaller; a larger file is data (a recorded trace) and only its words are checked.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The checkout.
#[derive(Debug, Default)]
pub(crate) struct House {
    pub(crate) rust: Vec<Source>,
    pub(crate) texts: Vec<Text>,
    /// Files without a byte and folders without an entry.
    pub(crate) empty: Vec<String>,
}

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) scan: Scan,
}

/// Any other file that is text, Markdown and YAML among them.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

// === impl House ===

impl House {
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut house = Self::default();
        house.folder(root, "")?;
        Ok(house)
    }

    /// Names of the first-party plugins: the folders of `plugins/`.
    pub(crate) fn plugins(&self) -> BTreeSet<&str> {
        let sources = self.rust.iter().filter_map(|source| source.path.strip_prefix("plugins/"));
        sources.filter_map(|path| path.split_once('/').map(|(name, _)| name)).collect()
    }

    fn folder(&mut self, folder: &Path, inside: &str) -> anyhow::Result<()> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .with_context(|| format!("{} cannot be listed", folder.display()))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<anyhow::Result<_>>()?;
        names.sort();
        if names.is_empty() {
            self.empty.push(inside.to_owned());
        }
        for name in names {
            let (at, path) = (folder.join(&name), joined(inside, &name));
            if at.is_dir() {
                if !(inside.is_empty() && OUTSIDE.contains(&name.as_str())) {
                    self.folder(&at, &path)?;
                }
            } else {
                self.file(&at, path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, at: &Path, path: String) -> anyhow::Result<()> {
        let bytes = fs::metadata(at).with_context(|| format!("{path} cannot be read"))?.len();
        if bytes == 0 {
            self.empty.push(path);
            return Ok(());
        }
        if bytes > TEXT_BYTES_MAX {
            return Ok(());
        }
        let Ok(text) = fs::read_to_string(at) else { return Ok(()) };
        if path.ends_with(".rs") {
            self.rust.push(Source::new(path, text));
        } else {
            self.texts.push(Text { path, text });
        }
        Ok(())
    }
}

// === impl Source ===

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let scan = scan::scan(&text);
        Self { path, text, scan }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// A file of tests, or of a program that only tests.
    pub(crate) fn is_test(&self) -> bool {
        let folder = ["tests/", "bench/"].iter().any(|folder| self.path.starts_with(folder));
        folder || self.path.contains("/tests/") || matches!(self.name(), "tests.rs" | "testing.rs")
    }

    /// Written by a tool: its lengths and names are the tool's.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.contains("@generated"))
    }
}

fn joined(inside: &str, name: &str) -> String {
    if inside.is_empty() { name.to_owned() } else { format!("{inside}/{name}") }
}
