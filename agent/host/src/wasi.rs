//! What a guest's standard library imports of WASI, all of it empty: no folders, no environment, no arguments, no
//! sockets. Standard output and error go to a bounded tail, since a panic's message is there. Linked by `link`.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use api::limits::STDIO_TAIL_BYTES_MAX;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{WasiCtx, WasiView};
use wasmtime_wasi_io::bindings::wasi::io;

use crate::limit::RANDOM_BYTES_MAX;

/// The version of WASI offered; the minor one is compatible downwards.
pub(crate) const VERSION_PREFIX: &str = "0.2.";
/// The interfaces offered, without their version.
pub(crate) const INTERFACES: [&str; 20] = [
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/wall-clock",
    "wasi:clocks/monotonic-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:filesystem/types",
    "wasi:filesystem/preopens",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
];

/// The end of what a guest wrote to standard output and error.
#[derive(Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

/// The context of one run, writing to `tail`.
pub(crate) fn empty(tail: &Tail) -> WasiCtx {
    WasiCtx::builder()
        .stdout(tail.clone())
        .stderr(tail.clone())
        .max_random_size(RANDOM_BYTES_MAX)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

/// Offers exactly `INTERFACES`.
pub(crate) fn link<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let l = linker;
    io::error::add_to_linker::<_, Io>(l, table)?;
    io::poll::add_to_linker::<_, Io>(l, table)?;
    io::streams::add_to_linker::<_, Io>(l, table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, T::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, T::random)?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, T::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, T::random)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(l, T::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, T::filesystem)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, T::cli)
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

fn table(state: &mut impl WasiView) -> &mut ResourceTable {
    state.ctx().table
}

// === impl Tail ===

impl Tail {
    /// What is kept, with anything that is not UTF-8 replaced.
    pub(crate) fn text(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).into_owned()
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &bytes[bytes.len().saturating_sub(STDIO_TAIL_BYTES_MAX)..];
        let over = (kept.len() + last.len()).saturating_sub(STDIO_TAIL_BYTES_MAX);
        kept.drain(..over);
        kept.extend(last);
    }
}

impl IsTerminal for Tail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Tail {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default stream writes in a task of its own; a guest that traps would outrun its last words.
    fn p2_stream(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::Pollable for Tail {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::OutputStream for Tail {
    fn write(&mut self, bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Ok(STDIO_TAIL_BYTES_MAX)
    }
}

impl AsyncWrite for Tail {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_kept() {
        let tail = Tail::default();
        tail.keep(&vec![b'a'; STDIO_TAIL_BYTES_MAX]);
        tail.keep(b"panicked");
        let text = tail.text();
        assert_eq!(text.len(), STDIO_TAIL_BYTES_MAX);
        assert!(text.ends_with("apanicked"));
        tail.keep(&vec![b'b'; 3 * STDIO_TAIL_BYTES_MAX]);
        assert!(tail.text().bytes().all(|byte| byte == b'b'));
    }
}
