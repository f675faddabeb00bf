//! Shell: what a machine lacks, got before anything is built, or named in one line.
//!
//! Languages' own tools come into the cache folder, Debian packages only as root and said before.

use std::fs;
use std::process::Command;

use nix::unistd::Uid;

use crate::args::Setting;
use crate::launch;

/// The target plugins are built for.
const PLUGIN_TARGET: &str = "wasm32-wasip2";

/// A program from a Debian package that some tests talk to or run under.
#[derive(Debug, Clone, Copy)]
struct Server {
    program: &'static str,
    package: &'static str,
    /// What is skipped without it.
    tests: &'static str,
}

/// What `up` shows, and some tests ask.
const SHOWN: [Server; 1] =
    [Server { program: "docker-registry", package: "docker-registry", tests: "image-digest and the story" }];

/// What tests alone talk to.
const TESTED: [Server; 6] = [
    Server { program: "postgres", package: "postgresql", tests: "odoo-order on a real Odoo" },
    Server { program: "prometheus", package: "prometheus", tests: "published dashboards and alerts" },
    Server {
        program: "prometheus-blackbox-exporter",
        package: "prometheus-blackbox-exporter",
        tests: "metrics beside the blackbox exporter",
    },
    Server { program: "openssl", package: "openssl", tests: "http-probe against TLS 1.0" },
    Server { program: "faketime", package: "faketime", tests: "clocks that step" },
    CPP,
];

/// libFuzzer is C++.
const CPP: Server = Server { program: "c++", package: "g++", tests: "fuzzing" };

/// Where Debian keeps PostgreSQL's programs, by version and apart from the path.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// What every build needs. The C compiler is there: without one this program would not have been linked.
pub(crate) fn get(setting: &Setting) -> anyhow::Result<()> {
    let installed =
        launch::output(Command::new("rustup").current_dir(&setting.root).args(["target", "list", "--installed"]))?;
    if !installed.lines().any(|line| line.trim() == PLUGIN_TARGET) {
        eprintln!("need: the Rust target {PLUGIN_TARGET}, rustup gets it");
        launch::run(Command::new("rustup").current_dir(&setting.root).args(["target", "add", PLUGIN_TARGET]))?;
    }
    Ok(())
}

/// Installs the servers that `up` shows; those that are still missing are named.
pub(crate) fn shown(setting: &Setting) -> Vec<String> {
    servers(setting, &SHOWN)
}

/// Installs every server that tests talk to. The tests look for themselves, and say so too.
pub(crate) fn tested(setting: &Setting) {
    servers(setting, &[&SHOWN[..], &TESTED].concat());
}

/// Installs servers where that is possible; where it is not, names what is missing and the tests that are skipped
/// without it.
fn servers(setting: &Setting, wanted: &[Server]) -> Vec<String> {
    let missing = || wanted.iter().filter(|server| !server.is_there(setting));
    let packages: Vec<&str> = missing().map(|server| server.package).collect();
    if !packages.is_empty() && Uid::effective().is_root() && setting.has_program("apt-get") {
        eprintln!("need: the Debian packages {}, apt-get installs them", packages.join(", "));
        if let Err(error) = install(&packages) {
            eprintln!("need: {error:#}");
        }
    }
    let lacks: Vec<String> = missing().map(Server::lack).collect();
    for lack in &lacks {
        eprintln!("need: {lack}");
    }
    lacks
}

/// Why nothing of C++ can be built here, if so.
pub(crate) fn compiler_of_cpp(setting: &Setting) -> Option<String> {
    (!setting.has_program(CPP.program)).then(|| CPP.lack())
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let quiet = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        // Packages may start a service of their own when they are installed; run level 1 keeps them from it.
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        launch::output(&mut command).map(drop)
    };
    quiet(&["-q", "update"])?;
    quiet(&[&["-q", "-y", "--no-install-recommends", "install"], packages].concat())
}

// === impl Server ===

impl Server {
    fn is_there(&self, setting: &Setting) -> bool {
        let versions = fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
        let mut apart = versions.map(|version| version.path().join("bin").join(self.program));
        setting.has_program(self.program) || apart.any(|file| file.is_file())
    }

    fn lack(&self) -> String {
        let Self { program, package, tests } = self;
        format!("{program} is missing (as root: apt-get install {package}); skipped without it: {tests}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_one_line_with_its_remedy() {
        let line = SHOWN[0].lack();
        assert!(line.contains("apt-get install docker-registry") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_program_is_looked_for_on_the_path() {
        let setting = crate::args::setting();
        assert!(setting.has_program("cargo"));
        assert!(!setting.has_program("floorwalker-no-such-program"));
    }
}
