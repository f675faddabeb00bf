//! Shell: what this process gives up before it reads a byte: memory and CPU beyond a bound, files, network, other
//! programs, being traced. A limit that the machine cannot apply is a warning where another covers for it, else an
//! error.

use std::collections::BTreeMap;

use anyhow::Context as _;
use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Private writable memory: a Python component of 18 MiB takes 0.46 GiB. Not the address space: one instance
/// reserves 4 GiB of it.
const DATA_BYTES_MAX: u64 = 1 << 30;
/// A Python component takes 4.2 s of CPU, a JavaScript one up to 5 s; twelve times that for a slow machine.
const CPU_SECONDS_MAX: u64 = 60;
/// The newest Landlock interface whose rights are named here; older kernels apply what they know.
const LANDLOCK: ABI = ABI::V5;

/// System calls that reading, compiling, instantiating and writing need. What is missing here fails with EPERM.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_fcntl,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    libc::SYS_pwrite64,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Answered by the first filter; listed so that the second lets its answer stand.
    libc::SYS_clone3,
];

/// Gives it all up. Returns what this machine could not take.
pub(crate) fn apply() -> anyhow::Result<Vec<String>> {
    prctl::set_dumpable(false).context("the process cannot be made undumpable")?;
    for (resource, max) in
        [(Resource::RLIMIT_DATA, DATA_BYTES_MAX), (Resource::RLIMIT_CPU, CPU_SECONDS_MAX), (Resource::RLIMIT_CORE, 0)]
    {
        setrlimit(resource, max, max).with_context(|| format!("{resource:?} cannot be limited to {max}"))?;
    }
    let warnings = no_files()?;
    for filter in filters().context("the system call filter does not compile")? {
        seccompiler::apply_filter(&filter).context("the system call filter is not taken")?;
    }
    Ok(warnings)
}

/// Landlock without a single rule: no path can be opened. Without it the filter, which has no `open`, stands alone.
fn no_files() -> anyhow::Result<Vec<String>> {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .create()?
        .restrict_self()
        .context("Landlock is there and does not take its rules")?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Vec::new(),
        RulesetStatus::PartiallyEnforced => {
            vec!["this kernel's Landlock is older than 6.10 and applied in part".to_owned()]
        }
        RulesetStatus::NotEnforced => {
            vec!["this kernel has no Landlock: files are closed by the system call filter alone".to_owned()]
        }
    })
}

/// Two filters, of which the stricter answer holds.
fn filters() -> anyhow::Result<[BpfProgram; 2]> {
    let arch = std::env::consts::ARCH.try_into()?;
    // The C library starts threads by clone3, whose flags no filter can read, and falls back to clone only on ENOSYS.
    let no_clone3 = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_clone3, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        arch,
    )?;
    let mut allowed: BTreeMap<libc::c_long, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    allowed.insert(libc::SYS_clone, vec![threads_only()?]);
    let listed =
        SeccompFilter::new(allowed, SeccompAction::Errno(libc::EPERM.unsigned_abs()), SeccompAction::Allow, arch)?;
    Ok([no_clone3.try_into()?, listed.try_into()?])
}

fn threads_only() -> anyhow::Result<SeccompRule> {
    let flag = u64::try_from(libc::CLONE_THREAD)?;
    let is_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
    Ok(SeccompRule::new(vec![is_thread])?)
}
