//! Shell: the runtime that guests have for themselves. Made once by whoever runs guests.

/// A runtime for guests: `threads` workers, and a pool of `RESOLVING_MAX` threads for what cannot be cancelled.
///
/// # Errors
/// When the system gives no threads.
pub fn guest_runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(crate::net::resolve::RESOLVING_MAX)
        .thread_name("guest")
        .enable_all()
        .build()
}
