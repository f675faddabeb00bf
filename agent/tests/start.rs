//! The agent's own program, started with what it cannot work with: it ends at once and says what to do.

use std::path::Path;
use std::process::{Command, Output};

fn start(folder: &Path, flags: &[&str]) -> Output {
    let mut agent = Command::new(env!("CARGO_BIN_EXE_floorwalker-agent"));
    agent.arg("--checks-dir").arg(folder).arg("--data-dir").arg(folder.join("data"));
    agent.args(["--node", "node-1", "--metrics-listen", "127.0.0.1:0"]).args(flags);
    agent.env_clear().output().expect("it starts")
}

#[test]
fn a_token_file_that_lets_nobody_read_the_metrics_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    let name = file.to_str().expect("UTF-8");
    let refused = |cause: &str| {
        let output = start(folder.path(), &["--metrics-token-file", name]);
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().find(|line| line.starts_with("error: ")).expect("one line says why");
        for words in ["--metrics-token-file", "leave it out", name, "write 16 bytes or more into it", cause] {
            assert!(error.contains(words), "`{words}` in {error}");
        }
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!said.contains("listening"), "before anything is started: {said}");
    };
    refused("No such file");
    std::fs::write(&file, "too short\n").expect("written");
    refused("it has 9 bytes");
}
