//! Shell: the system's randomness, for secrets and public ids. Nothing else of ours is random.

/// `N` bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .expect("the kernel has had getrandom since 3.17 and never fails once seeded");
    bytes
}
