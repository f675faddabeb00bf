//! Backends of the tests: names from a list, a ledger in memory, a state that only counts, and no node or one file.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use host::{BackendError, LedgerBackend, LedgerEntry, LedgerMark, NodeBackend, Owner, Resolve, StateBackend};
use host::{charged, hashing};

/// Names that resolve.
#[derive(Default)]
pub(crate) struct Names(pub(crate) BTreeMap<&'static str, Vec<IpAddr>>);

impl Names {
    pub(crate) fn of(names: &[(&'static str, &str)]) -> Self {
        let parse = |text: &str| text.parse().expect("an address");
        Self(names.iter().map(|(name, address)| (*name, vec![parse(address)])).collect())
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.get(name).cloned().ok_or_else(|| io::Error::other("no such name"))
    }
}

/// Names that resolve, and for every other one a resolver that says nothing until its sender is dropped.
pub(crate) struct Stalls(pub(crate) Names, pub(crate) Mutex<Receiver<()>>);

impl Resolve for Stalls {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.resolve(name).inspect_err(|_| {
            let _ = self.1.lock().expect("no look-up panics").recv();
        })
    }
}

/// One name, whose address is another from the second look-up on.
pub(crate) struct Rebinds {
    pub(crate) asked: AtomicU32,
    pub(crate) first: IpAddr,
    pub(crate) then: IpAddr,
}

impl Resolve for Rebinds {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![if self.asked.fetch_add(1, Ordering::Relaxed) == 0 { self.first } else { self.then }])
    }
}

/// Marks in the order they came.
#[derive(Default)]
pub(crate) struct Ledger(pub(crate) Mutex<Vec<(LedgerMark, LedgerEntry)>>);

impl Ledger {
    /// Entries with an intent and no `cleaned`.
    pub(crate) fn left(&self) -> Vec<LedgerEntry> {
        let marks = self.0.lock().expect("no test panics while marking");
        let cleaned = |key: &str| marks.iter().any(|(mark, entry)| *mark == LedgerMark::Cleaned && entry.key == key);
        let intents = marks.iter().filter(|(mark, _)| *mark == LedgerMark::Intent);
        intents.map(|(_, entry)| entry.clone()).filter(|entry| !cleaned(&entry.key)).collect()
    }
}

impl LedgerBackend for Ledger {
    fn mark<'a>(
        &'a self,
        _: &'a Owner,
        _: &'a str,
        mark: LedgerMark,
        entry: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        self.0.lock().expect("no test panics while marking").push((mark, entry));
        Box::pin(ready(Ok(())))
    }
}

fn nothing<T: Send + 'static>() -> BoxFuture<'static, Result<T, BackendError>> {
    Box::pin(ready(Err(BackendError::Missing("not in this test".to_owned()))))
}

/// Forgets what it is given, and counts.
#[derive(Default)]
pub(crate) struct State(pub(crate) AtomicU32);

impl StateBackend for State {
    fn load<'a>(&'a self, _: &'a Owner, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        nothing()
    }
    fn save<'a>(&'a self, _: &'a Owner, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(ready(Ok(())))
    }
    fn remove<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        self.save(owner, key, Vec::new())
    }
}

/// What each owner keeps, as the host names them.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<(Owner, String), Vec<u8>>>);

impl StateBackend for Kept {
    fn load<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        let kept = self.0.lock().expect("no test panics while keeping");
        Box::pin(ready(Ok(kept.get(&(owner.clone(), key.to_owned())).cloned())))
    }
    fn save<'a>(&'a self, owner: &'a Owner, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        let mut kept = self.0.lock().expect("no test panics while keeping");
        kept.insert((owner.clone(), key.to_owned()), value);
        Box::pin(ready(Ok(())))
    }
    fn remove<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        self.0.lock().expect("no test panics while keeping").remove(&(owner.clone(), key.to_owned()));
        Box::pin(ready(Ok(())))
    }
}

/// A node of one file, hashed on another thread: so many bytes, which take so much CPU.
pub(crate) struct OneFile {
    pub(crate) bytes: u64,
    pub(crate) cpu: Duration,
}

impl NodeBackend for OneFile {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        nothing()
    }
    fn read_file<'a>(&'a self, _: &'a str, _: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        nothing()
    }
    fn sha256_file<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        let Self { bytes, cpu } = *self;
        let work = charged(move || {
            hashing(bytes)?;
            // This thread's clock is the one that is charged.
            let clock = || nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
            let until = Duration::from(clock()) + cpu;
            while Duration::from(clock()) < until {}
            Ok("hash".to_owned())
        });
        Box::pin(async { tokio::task::spawn_blocking(work).await.expect("it does not panic") })
    }
}

/// No node.
pub(crate) struct NoNode;

impl NodeBackend for NoNode {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        nothing()
    }
    fn read_file<'a>(&'a self, _: &'a str, _: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        nothing()
    }
    fn sha256_file<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        nothing()
    }
}
