//! Shell: what this process gives up before it reads a byte: memory and CPU beyond a bound, files, network, other
//! programs, being traced. A limit that the machine cannot apply is a warning where another covers for it, else an
//! error.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use anyhow::Context as _;
use api::limits::{ARTEFACT_BYTES_MAX, COMPILER_BYTES_MAX, DESCRIBE_BYTES_MAX};
use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// A Python component takes 4.2 s of CPU, a JavaScript one up to 5 s; twelve times that for a slow machine.
const CPU_SECONDS_MAX: u64 = 60;
/// From the signal that names the limit, which ends this process, to the one that cannot be ignored.
const CPU_SECONDS_GRACE: u64 = 2;
/// The largest artefact, and a head line: `describe` with each byte escaped as six, and what stands around it.
const ANSWER_BYTES_MAX: u64 = (ARTEFACT_BYTES_MAX + 8 * DESCRIBE_BYTES_MAX) as u64;
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
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_prctl,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Answered by the first filter; listed so that the second lets its answer stand.
    libc::SYS_clone3,
    libc::SYS_memfd_create,
];

/// What is said not to exist. The C library starts threads by clone3, whose flags no filter can read, and falls back
/// to clone; wasmtime makes memory images in files of memory, which no limit here counts, and falls back to copying.
const ABSENT: [libc::c_long; 2] = [libc::SYS_clone3, libc::SYS_memfd_create];

/// Gives it all up. Returns what this machine could not take.
pub(crate) fn apply() -> anyhow::Result<Vec<String>> {
    prctl::set_dumpable(false).context("the process cannot be made undumpable")?;
    let file_bytes = file_bytes_max().context("the ends of this process cannot be looked at")?;
    let limits = [
        // Not the address space: one instance reserves 4 GiB of it.
        (Resource::RLIMIT_DATA, COMPILER_BYTES_MAX, COMPILER_BYTES_MAX),
        (Resource::RLIMIT_CPU, CPU_SECONDS_MAX, CPU_SECONDS_MAX + CPU_SECONDS_GRACE),
        (Resource::RLIMIT_CORE, 0, 0),
        (Resource::RLIMIT_FSIZE, file_bytes, file_bytes),
    ];
    for (resource, soft, max) in limits {
        setrlimit(resource, soft, max).with_context(|| format!("{resource:?} cannot be limited to {max}"))?;
    }
    let warnings = no_files()?;
    for filter in filters().context("the system call filter does not compile")? {
        seccompiler::apply_filter(&filter).context("the system call filter is not taken")?;
    }
    Ok(warnings)
}

/// No file is written, unless somebody at a shell sends the answer, or the refusal, into one.
fn file_bytes_max() -> io::Result<u64> {
    let is_file = |end: BorrowedFd<'_>| Ok::<_, io::Error>(File::from(end.try_clone_to_owned()?).metadata()?.is_file());
    let into_file = is_file(io::stdout().as_fd())? || is_file(io::stderr().as_fd())?;
    Ok(if into_file { ANSWER_BYTES_MAX } else { 0 })
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
    let absent = SeccompFilter::new(
        ABSENT.map(|call| (call, Vec::new())).into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        arch,
    )?;
    let mut allowed: BTreeMap<libc::c_long, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    allowed.insert(libc::SYS_clone, vec![threads_only()?]);
    // Raising a signal, as an abort does, and reading a limit, as the start of a thread does: of this process alone.
    allowed.insert(libc::SYS_tgkill, vec![first_is(std::process::id())?]);
    allowed.insert(libc::SYS_prlimit64, vec![first_is(0)?]);
    let listed =
        SeccompFilter::new(allowed, SeccompAction::Errno(libc::EPERM.unsigned_abs()), SeccompAction::Allow, arch)?;
    Ok([absent.try_into()?, listed.try_into()?])
}

fn threads_only() -> anyhow::Result<SeccompRule> {
    let flag = u64::try_from(libc::CLONE_THREAD)?;
    let is_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
    Ok(SeccompRule::new(vec![is_thread])?)
}

/// The first argument, a process id of 32 bits, is this one.
fn first_is(process: u32) -> anyhow::Result<SeccompRule> {
    let same = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(process))?;
    Ok(SeccompRule::new(vec![same])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    const ARCH: u32 = 0xc000_003e;
    #[cfg(target_arch = "aarch64")]
    const ARCH: u32 = 0xc000_00b7;

    /// What the kernel would be told: the program run over `struct seccomp_data` (seccomp(2)).
    fn run(program: &BpfProgram, call: libc::c_long, first: u64) -> u32 {
        let mut data = [0; 64];
        data[..4].copy_from_slice(&u32::try_from(call).expect("a number").to_ne_bytes());
        data[4..8].copy_from_slice(&ARCH.to_ne_bytes());
        data[16..24].copy_from_slice(&first.to_ne_bytes());
        let (mut at, mut value) = (0, 0);
        loop {
            let step = &program[at];
            at += 1;
            let jump = |is_so: bool| usize::from(if is_so { step.jt } else { step.jf });
            let k = step.k as usize;
            match u32::from(step.code) {
                code if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                    value = u32::from_ne_bytes(data[k..k + 4].try_into().expect("four bytes"));
                }
                code if code == libc::BPF_ALU | libc::BPF_AND | libc::BPF_K => value &= step.k,
                code if code == libc::BPF_JMP | libc::BPF_JA => at += k,
                code if code == libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K => at += jump(value == step.k),
                code if code == libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K => at += jump(value > step.k),
                code if code == libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K => at += jump(value >= step.k),
                code if code == libc::BPF_RET | libc::BPF_K => return step.k,
                code => panic!("an instruction that no filter here has: {code:#x}"),
            }
        }
    }

    #[test]
    fn signals_and_limits_are_its_own() {
        let [absent, listed] = filters().expect("they compile");
        let refused = |errno: i32| libc::SECCOMP_RET_ERRNO | errno.unsigned_abs();
        let own = u64::from(std::process::id());
        for (call, first, answer) in [
            (libc::SYS_read, 0, libc::SECCOMP_RET_ALLOW),
            (libc::SYS_openat, 0, refused(libc::EPERM)),
            (libc::SYS_tgkill, own, libc::SECCOMP_RET_ALLOW),
            (libc::SYS_tgkill, own + 1, refused(libc::EPERM)),
            (libc::SYS_prlimit64, 0, libc::SECCOMP_RET_ALLOW),
            (libc::SYS_prlimit64, own + 1, refused(libc::EPERM)),
            (libc::SYS_clone, libc::CLONE_THREAD.unsigned_abs().into(), libc::SECCOMP_RET_ALLOW),
            (libc::SYS_clone, 0, refused(libc::EPERM)),
        ] {
            assert_eq!(run(&listed, call, first), answer, "{call} of {first}");
        }
        for call in ABSENT {
            assert_eq!(run(&absent, call, 0), refused(libc::ENOSYS));
            assert_eq!(run(&listed, call, 0), libc::SECCOMP_RET_ALLOW, "the first filter's answer stands");
        }
        assert_eq!(run(&absent, libc::SYS_read, 0), libc::SECCOMP_RET_ALLOW);
    }
}
