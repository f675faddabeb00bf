//! The account of one run: its CPU, the bytes it may have hashed, and its slot. `run` opens it; backends charge to it
//! what they do for the run on other threads, by `charged` and `hashing`. Whose account it is, the thread knows while
//! it polls the run or works for it; outside of both nothing is charged.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::admission::Admission;
use crate::backend::BackendError;
use crate::limit::HASHED_BYTES_MAX;
use crate::meter::{CpuMeter, thread_cpu_ns};

thread_local! {
    /// The account of the run that this thread polls or works for.
    static PRESENT: RefCell<Option<Arc<Account>>> = const { RefCell::new(None) };
}

/// What a run has used and holds, until it and all work for it have really ended.
pub(crate) struct Account {
    pub(crate) cpu: CpuMeter,
    hashed_left: AtomicU64,
    _admission: Admission,
}

/// Work that a backend does for the present run on a thread of its own: its CPU is charged to the run, and the run's
/// slot is held until it ends, whoever stopped waiting for it. Call it where the guest's call is answered, and hand
/// what it gives to the thread.
pub fn charged<T>(work: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() -> T + Send + 'static {
    let account = present();
    move || match account {
        None => work(),
        Some(account) => {
            let _present = Present::enter(&account);
            let began = thread_cpu_ns();
            let done = work();
            account.cpu.add(thread_cpu_ns().saturating_sub(began));
            done
        }
    }
}

/// Takes bytes that are about to be hashed from what the present run may have hashed.
///
/// # Errors
/// `Full` when they are more than is left; they are then not to be hashed.
pub fn hashing(bytes: u64) -> Result<(), BackendError> {
    let Some(account) = present() else { return Ok(()) };
    let left = &account.hashed_left;
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
    taken.map(drop).map_err(|_| over())
}

/// That the present run may have nothing more hashed.
pub(crate) fn hash_nothing_more() -> Option<BackendError> {
    present().filter(|account| account.hashed_left.load(Ordering::Relaxed) == 0).map(|_| over())
}

fn over() -> BackendError {
    BackendError::Full(format!("a run has at most {} MiB of files hashed", HASHED_BYTES_MAX >> 20))
}

fn present() -> Option<Arc<Account>> {
    PRESENT.with_borrow(Clone::clone)
}

/// Makes an account the thread's, until dropped.
struct Present(Option<Arc<Account>>);

impl Present {
    fn enter(account: &Arc<Account>) -> Self {
        Self(PRESENT.replace(Some(Arc::clone(account))))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        PRESENT.set(self.0.take());
    }
}

impl Account {
    pub(crate) fn new(admission: Admission) -> Arc<Self> {
        let hashed_left = AtomicU64::new(HASHED_BYTES_MAX);
        Arc::new(Self { cpu: CpuMeter::default(), hashed_left, _admission: admission })
    }
}

/// A future whose polls are charged to an account.
pub(crate) struct Metered<'a, T> {
    inner: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    account: Arc<Account>,
}

impl<'a, T> Metered<'a, T> {
    pub(crate) fn new(account: &Arc<Account>, inner: impl Future<Output = T> + Send + 'a) -> Self {
        Self { inner: Box::pin(inner), account: Arc::clone(account) }
    }
}

impl<T> Future for Metered<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let account = Arc::clone(&self.account);
        let _present = Present::enter(&account);
        account.cpu.poll(|| self.inner.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Slots;
    use futures_util::FutureExt as _;
    use std::time::Duration;

    fn account(slots: &Slots) -> Arc<Account> {
        Account::new(slots.admit("acme", 1).now_or_never().expect("a slot"))
    }

    #[test]
    fn work_is_charged_and_holds_its_slot_until_it_ends() {
        let slots = Slots::new(2, 1 << 20);
        let account = account(&slots);
        let seen = Arc::clone(&account);
        let spin = || {
            let began = thread_cpu_ns();
            while thread_cpu_ns() - began < 2_000_000 {}
        };
        let work = Metered::new(&account, async { charged(spin) }).now_or_never().expect("nothing to wait for");
        let before = account.cpu.used();
        // The run is over; what is done for it is not.
        drop(account);
        assert!(slots.admit("acme", 1).now_or_never().is_none());
        std::thread::spawn(work).join().expect("it ends");
        assert!(seen.cpu.used() - before >= Duration::from_millis(2));
        drop(seen);
        assert!(slots.admit("acme", 1).now_or_never().is_some());
    }

    #[test]
    fn a_run_has_so_much_hashed_whichever_thread_does_it() {
        let slots = Slots::new(2, 1 << 20);
        let account = account(&slots);
        let hash = |bytes| {
            let work = async move { charged(move || hashing(bytes)) };
            let work = Metered::new(&account, work).now_or_never().expect("nothing to wait for");
            std::thread::spawn(work).join().expect("it ends")
        };
        assert_eq!(hash(HASHED_BYTES_MAX - 1), Ok(()));
        assert!(matches!(hash(2), Err(BackendError::Full(_))), "and nothing is taken");
        assert_eq!(hash(1), Ok(()));
        let over = async { hash_nothing_more() };
        assert!(Metered::new(&account, over).now_or_never().expect("nothing to wait for").is_some());
        assert_eq!((hashing(1), hash_nothing_more()), (Ok(()), None), "outside of a run nothing is counted");
    }
}
