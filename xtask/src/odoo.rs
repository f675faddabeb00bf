//! Shell: a genuine Odoo 11 for the tests: a Python 3.7 environment in the cache, made once and never touched again
//! when it is whole; what was begun and not finished is thrown away. Asked by `test`; the tests start the server and
//! make its database. It installs no Python: where there is no 3.7, the tests are skipped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::args::Setting;
use crate::launch;

/// Series, then the number of this recipe: another recipe is another folder.
const FOLDER: &str = "odoo-11.0.7-1";
/// Written last: without it the folder is half made.
const WHOLE: &str = "whole";
const PACKAGES: &str = include_str!("odoo-11.txt");
/// Two of the packages still build with `use_2to3`, which later ones refuse.
const BUILD_TOOLS: [&str; 2] = ["setuptools==57.5.0", "wheel==0.42.0"];

/// The environment's folder, installed where it is not there yet; nothing where it cannot be, which is said in a line.
pub(crate) fn environment(setting: &Setting) -> Option<PathBuf> {
    let folder = setting.cache.join(FOLDER);
    match install(setting, &folder) {
        Ok(true) => Some(folder),
        Ok(false) => {
            eprintln!("need: no Python 3.7 on the path or in pyenv; skipped without it: the tests on a real Odoo");
            None
        }
        Err(error) => {
            eprintln!("need: Odoo 11 cannot be installed, the tests on it are skipped: {error:#}");
            None
        }
    }
}

/// Whether it is there afterwards.
fn install(setting: &Setting, folder: &Path) -> anyhow::Result<bool> {
    if folder.join(WHOLE).is_file() {
        return Ok(true);
    }
    let Some(python) = python(setting) else { return Ok(false) };
    fs::create_dir_all(&setting.cache)?;
    // Two test commands at once: the second waits, and finds it made.
    let lock = File::create(setting.cache.join(format!("{FOLDER}.lock")))?;
    lock.lock().context("the cache cannot be locked")?;
    if folder.join(WHOLE).is_file() {
        return Ok(true);
    }
    if folder.exists() {
        eprintln!("need: Odoo 11 was half made, it is made anew");
        fs::remove_dir_all(folder)?;
    }
    eprintln!("need: Odoo 11 comes into the cache, once (about a minute, 500 MB): 1 of 3, a Python 3.7 environment");
    launch::output(Command::new(&python).args(["-m", "venv"]).arg(folder))?;
    eprintln!("need: Odoo 11: 2 of 3, its build tools");
    pip(folder, &BUILD_TOOLS)?;
    eprintln!("need: Odoo 11: 3 of 3, the server and {} packages", packages().count());
    let list = folder.join("packages.txt");
    fs::write(&list, PACKAGES)?;
    pip(folder, &["--no-deps", "-r", &list.to_string_lossy()])?;
    fs::write(folder.join(WHOLE), "")?;
    eprintln!("need: Odoo 11 is installed");
    Ok(true)
}

fn packages() -> impl Iterator<Item = &'static str> {
    PACKAGES.lines().filter(|line| line.contains("=="))
}

fn pip(folder: &Path, words: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]).args(words);
    launch::output(&mut command).map(drop)
}

/// A Python 3.7 that runs: one of pyenv's, or the path's. A shim of pyenv is on the path too, and refuses where no 3.7
/// is chosen, so each is asked.
fn python(setting: &Setting) -> Option<PathBuf> {
    let versions = setting.pyenv.iter().filter_map(|root| fs::read_dir(root.join("versions")).ok());
    let mut own: Vec<PathBuf> = versions.flatten().flatten().map(|entry| entry.path()).collect();
    own.retain(|folder| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("3.7.")));
    own.sort();
    let candidates = own.into_iter().map(|folder| folder.join("bin")).chain(setting.path.iter().cloned());
    candidates.map(|folder| folder.join("python3.7")).find(|python| python.is_file() && is_37(python))
}

fn is_37(python: &Path) -> bool {
    let asked = Command::new(python).arg("--version").stderr(Stdio::null()).output();
    asked.is_ok_and(|said| said.status.success() && said.stdout.starts_with(b"Python 3.7."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(folder: &Path, python: &str) -> Setting {
        let (bin, text) = (folder.join("bin"), folder.join("text"));
        fs::create_dir_all(&bin).expect("a folder");
        fs::write(&text, python).expect("written");
        // By another process: a program this one holds open for writing cannot be started, and a fork of another test
        // may hold it a little longer.
        launch::run(Command::new("install").args(["-m", "755"]).arg(&text).arg(bin.join("python3.7"))).expect("copied");
        Setting { cache: folder.join("cache"), pyenv: None, path: vec![bin], ..crate::args::setting() }
    }

    #[test]
    fn every_package_is_pinned() {
        let lines = PACKAGES.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().count() > 40 && lines.count() == packages().count());
    }

    #[test]
    fn a_python_that_refuses_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(python(&machine(folder.path(), "#!/bin/sh\nexit 127\n")), None);
        assert_eq!(environment(&machine(folder.path(), "#!/bin/sh\necho Python 3.8.1\n")), None);
        assert!(python(&machine(folder.path(), "#!/bin/sh\necho Python 3.7.16\n")).is_some());
    }

    /// The environment is a script here that records what it is asked: what is made once is not made again, and what
    /// was half made is.
    #[test]
    fn it_is_made_once_and_anew_when_half_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.7.16 && exit\necho \"$*\" >> {log}\n\
             [ \"$2\" = venv ] && mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\"\nexit 0\n",
            log = log.display()
        );
        let setting = machine(folder.path(), &script);
        let made = setting.cache.join(FOLDER);
        fs::create_dir_all(made.join("half")).expect("a folder");
        let asked = || fs::read_to_string(&log).map(|text| text.lines().count()).unwrap_or(0);
        assert_eq!(environment(&setting), Some(made.clone()));
        assert!(!made.join("half").exists() && made.join(WHOLE).is_file());
        assert_eq!(asked(), 3);
        assert_eq!(environment(&setting), Some(made));
        assert_eq!(asked(), 3, "it is not touched again");
    }
}
