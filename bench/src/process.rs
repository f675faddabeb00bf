//! Shell: another process as the kernel counts it: its CPU time and its resident memory.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use nix::unistd::{SysconfVar, sysconf};

/// CPU time of a process, all threads, in ticks of the kernel (10 ms).
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} has ended"))?;
    // The program's name stands in brackets and may hold blanks; user and system time are fields 14 and 15 (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or(vec![], |(_, rest)| rest.split(' ').collect());
    let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<u64>().ok());
    let spent =
        ticks(14).zip(ticks(15)).map(|(user, system)| user + system).context("/proc/PID/stat has its fields")?;
    let a_second = sysconf(SysconfVar::CLK_TCK)?.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100);
    Ok(Duration::from_secs_f64(spent as f64 / a_second as f64))
}

/// Resident memory now, in MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} has ended"))?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    Ok(kib.context("/proc/PID/status has VmRSS")? / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_uses_cpu() {
        let own = std::process::id();
        let before = cpu(own).expect("counted");
        let mut turns = 0_u64;
        while cpu(own).expect("counted") < before + Duration::from_millis(20) {
            turns = std::hint::black_box(turns + 1);
        }
        assert!(resident_mib(own).expect("counted") > 0.5);
    }
}
