//! Shell: runs the `floorwalker-compile` child, one at a time, and takes nothing it says on trust but its bytes.
//!
//! Agent and aggregator call it. Protocol: the component on standard input; on standard output one line of JSON
//! (`describe`, `artefact_bytes`, `engine`), then that many bytes; on failure an exit code other than 0 and one
//! line on standard error. The child limits itself; here are the time limit, the caps and the end of its group.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// The largest plugin measured (Python) takes 4.2 s; fifteen times that under load, as the child's CPU limit.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(60);
/// What `describe` may answer. `api::limits` rules; this crate knows no other of ours, so a test of the aggregator holds
/// both to the same numbers.
pub const DESCRIBE_BYTES_MAX: usize = 256 << 10;
/// An artefact; the same holds for it.
pub const ARTEFACT_BYTES_MAX: usize = 256 << 20;
/// A text as JSON in JSON has at most six times its bytes; engine and warnings fit into 64 KiB.
const HEADER_BYTES_MAX: u64 = 6 * DESCRIBE_BYTES_MAX as u64 + (64 << 10);
/// One line for a person.
const COMPLAINT_BYTES_MAX: u64 = 4 * 1024;

/// Compiles components through the child.
#[derive(Debug)]
pub struct Compiler {
    program: PathBuf,
    /// A compile may take 0.46 GiB: never two at once.
    one_at_a_time: Semaphore,
}

/// What the child made of a component, beside the artefact: native code for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The component's answer to `describe`: JSON text, unchecked.
    pub describe: String,
    /// The compatibility hash of the engine that may load the artefact, in hex.
    pub engine: String,
    /// What the child could not do to limit itself, such as Landlock on an old kernel.
    pub warnings: Vec<String>,
}

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The child does not start.
    #[error("{} does not start", program.display())]
    Start {
        /// Which program.
        program: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Talking to the child failed.
    #[error("talking to the compiler failed")]
    Talk(#[source] std::io::Error),
    /// The child took too long; it and its group were killed.
    #[error("the compiler was killed after {} s: make the component smaller or simpler", COMPILE_TIME_MAX.as_secs())]
    Timeout,
    /// The child met the limit of its own CPU.
    #[error("compiling it takes more CPU than the compiler may use: make the component smaller or simpler")]
    Cpu,
    /// The child gave itself up, as it does when it gets no more memory.
    #[error(
        "the compiler gave up, most likely for want of memory: make the component smaller or simpler ({complaint})"
    )]
    Aborted {
        /// Its line on standard error.
        complaint: String,
    },
    /// The child refused the component, or hit one of its own limits.
    #[error("the compiler refused the component ({status}): {complaint}")]
    Refused {
        /// Exit code or signal.
        status: String,
        /// Its line on standard error.
        complaint: String,
    },
    /// The child's answer is not the protocol's.
    #[error("the compiler's answer is broken: {0}")]
    Broken(String),
}

/// Fields we do not know are ignored: the child may say more (its kind, its imports) to a person.
#[derive(Debug, Deserialize)]
struct Header {
    describe: String,
    artefact_bytes: u64,
    engine: String,
    #[serde(default)]
    warnings: Vec<String>,
}

/// Kills the child's whole group when the call ends in any way.
struct Group(Pid);

// === impl Compiler ===

impl Compiler {
    /// A compiler that runs `program` (`floorwalker-compile`).
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), one_at_a_time: Semaphore::new(1) }
    }

    /// Compiles and describes one component; waits for its turn. The artefact goes where the caller says, piece by piece:
    /// as a whole it would take more memory than an agent has. Dropping the future kills the child.
    ///
    /// # Errors
    /// The child does not start, refuses, takes too long or answers nonsense; what came of the artefact is worth nothing.
    pub async fn compile(
        &self,
        component: &[u8],
        artefact: &mut (impl AsyncWrite + Unpin),
    ) -> Result<Compiled, CompileError> {
        let _turn = self.one_at_a_time.acquire().await.expect("the semaphore is never closed");
        let mut child = self.start()?;
        let _group = child.id().and_then(|id| i32::try_from(id).ok()).map(|id| Group(Pid::from_raw(id)));
        tokio::time::timeout(COMPILE_TIME_MAX, converse(&mut child, component, artefact))
            .await
            .map_err(|_elapsed| CompileError::Timeout)?
    }

    fn start(&self) -> Result<Child, CompileError> {
        Command::new(&self.program)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| CompileError::Start { program: self.program.clone(), source })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group is empty already when the child ended well.
        killpg(self.0, Signal::SIGKILL).ok();
    }
}

async fn converse(
    child: &mut Child,
    component: &[u8],
    artefact: &mut (impl AsyncWrite + Unpin),
) -> Result<Compiled, CompileError> {
    let mut stdin = child.stdin.take().expect("piped in start");
    let stdout = child.stdout.take().expect("piped in start");
    let stderr = child.stderr.take().expect("piped in start");
    let feed = async move {
        // A child that refuses early closes its end: its complaint says more than our broken pipe.
        stdin.write_all(component).await.ok();
        drop(stdin);
    };
    let ((), answer, complaint) = tokio::join!(feed, read_answer(stdout, artefact), read_complaint(stderr));
    let status = child.wait().await.map_err(CompileError::Talk)?;
    match status.signal().map(Signal::try_from) {
        Some(Ok(Signal::SIGXCPU)) => return Err(CompileError::Cpu),
        Some(Ok(Signal::SIGABRT)) => return Err(CompileError::Aborted { complaint }),
        // It wrote on after what it said was wrong, and nobody read it: the wrong answer says more.
        Some(Ok(Signal::SIGPIPE)) if answer.is_err() => return answer,
        _ => {}
    }
    if !status.success() {
        return Err(CompileError::Refused { status: status.to_string(), complaint });
    }
    answer
}

async fn read_answer(
    stdout: impl AsyncRead + Unpin,
    artefact: &mut (impl AsyncWrite + Unpin),
) -> Result<Compiled, CompileError> {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    (&mut stdout).take(HEADER_BYTES_MAX).read_until(b'\n', &mut line).await.map_err(CompileError::Talk)?;
    if line.last() != Some(&b'\n') {
        return Err(CompileError::Broken(format!("no line within {HEADER_BYTES_MAX} bytes")));
    }
    let header: Header = serde_json::from_slice(&line).map_err(|error| CompileError::Broken(error.to_string()))?;
    if header.artefact_bytes > ARTEFACT_BYTES_MAX as u64 {
        return Err(CompileError::Broken(format!(
            "an artefact of {} bytes, the limit is {ARTEFACT_BYTES_MAX}",
            header.artefact_bytes
        )));
    }
    let mut answer = stdout.take(header.artefact_bytes + 1);
    let came = tokio::io::copy_buf(&mut answer, artefact).await.map_err(CompileError::Talk)?;
    if came != header.artefact_bytes {
        let announced = header.artefact_bytes;
        return Err(CompileError::Broken(format!("{announced} bytes announced, {came} or more came")));
    }
    Ok(Compiled { describe: header.describe, engine: header.engine, warnings: header.warnings })
}

async fn read_complaint(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    // What was read before an error is still the best there is.
    (&mut stderr).take(COMPLAINT_BYTES_MAX).read_to_end(&mut text).await.ok();
    // The rest is drained, so that the child never blocks on it.
    tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await.ok();
    String::from_utf8_lossy(&text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell writes the program: were it open for writing here, a fork of another test could keep it busy.
    fn child(folder: &tempfile::TempDir, script: &str) -> Compiler {
        let program = folder.path().join("compile");
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$2" && chmod 755 "$2""#;
        let mut shell = std::process::Command::new("/bin/sh");
        let written = shell.args(["-c", write, "sh", script]).arg(&program).status().unwrap();
        assert!(written.success());
        Compiler::new(program)
    }

    const HEADER: &str = r#"{"describe":"{}","artefact_bytes":4,"engine":"ab"}"#;

    #[tokio::test]
    async fn header_and_artefact_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = child(&folder, &format!("cat >/dev/null; echo '{HEADER}'; printf code"));
        let mut artefact = Vec::new();
        let compiled = compiler.compile(b"\0asm", &mut artefact).await.unwrap();
        assert_eq!(compiled, Compiled { describe: "{}".into(), engine: "ab".into(), warnings: vec![] });
        assert_eq!(artefact, b"code");
    }

    #[tokio::test]
    async fn a_refusal_carries_the_childs_line() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = child(&folder, "echo 'imports wasi:sockets, which is not offered' >&2; exit 3");
        let component = vec![0; 1024 * 1024];
        let error = compiler.compile(&component, &mut tokio::io::sink()).await.unwrap_err();
        let CompileError::Refused { status, complaint } = &error else { panic!("{error}") };
        assert_eq!(status, "exit status: 3");
        assert_eq!(complaint, "imports wasi:sockets, which is not offered");
    }

    #[tokio::test]
    async fn limits_of_the_child_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let cpu = child(&folder, "kill -XCPU $$").compile(b"", &mut tokio::io::sink()).await.unwrap_err();
        assert!(matches!(cpu, CompileError::Cpu), "{cpu}");
        let memory = child(&folder, "echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$");
        let memory = memory.compile(b"", &mut tokio::io::sink()).await.unwrap_err();
        let CompileError::Aborted { complaint } = &memory else { panic!("{memory}") };
        assert_eq!(complaint, "memory allocation of 9 bytes failed");
    }

    #[tokio::test]
    async fn broken_answers_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let short = child(&folder, &format!("cat >/dev/null; echo '{HEADER}'; printf co"));
        assert!(matches!(short.compile(b"", &mut tokio::io::sink()).await, Err(CompileError::Broken(_))));
        let long = child(&folder, &format!("cat >/dev/null; echo '{HEADER}'; printf code-and-more"));
        assert!(matches!(long.compile(b"", &mut tokio::io::sink()).await, Err(CompileError::Broken(_))));
        let endless = child(&folder, &format!("cat >/dev/null; echo '{HEADER}'; exec cat /dev/zero"));
        assert!(matches!(endless.compile(b"", &mut tokio::io::sink()).await, Err(CompileError::Broken(_))));
        let silent = child(&folder, "cat >/dev/null");
        assert!(matches!(silent.compile(b"", &mut tokio::io::sink()).await, Err(CompileError::Broken(_))));
    }

    #[tokio::test]
    async fn the_environment_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        // A shell sets PWD, SHLVL and _ itself; PATH is what a parent would hand on.
        let compiler = child(&folder, "/usr/bin/env | /bin/grep -c '^CARGO' >&2; exit 1");
        let CompileError::Refused { complaint, .. } = compiler.compile(b"", &mut tokio::io::sink()).await.unwrap_err()
        else {
            panic!("the child fails")
        };
        assert_eq!(complaint, "0");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Compiler::new("/nowhere/compile").compile(b"", &mut tokio::io::sink()).await.unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/compile does not start");
    }
}
