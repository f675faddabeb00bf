//! Shell: one `up` per folder. Taken by `run` before anything in the folder is touched, and given back by the kernel
//! however the process ends. The lock is on the marker, which says who holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::plan::Plan;
use crate::failure::Failure;

/// The folder is this process's.
#[derive(Debug)]
pub(super) struct Lock {
    _marker: Flock<File>,
}

impl Lock {
    /// Takes a folder that is empty or that an earlier `up` made; no other is ever emptied.
    pub(super) fn take(plan: &Plan) -> Result<Self, Failure> {
        let marker = plan.marker();
        let foreign = plan.own().into_iter().find(|path| path.exists() && !marker.exists());
        if let Some(there) = foreign {
            return Err(Failure::Usage(format!("{} was not made by an `up`; choose another --dir", there.display())));
        }
        let failed = |error: std::io::Error| Failure::here(format!("{} cannot be locked", marker.display()), &error);
        fs::create_dir_all(plan.dir()).map_err(failed)?;
        // Not truncated: it may name another process, which holds it.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&marker);
        match Flock::lock(file.map_err(failed)?, FlockArg::LockExclusiveNonblock) {
            Ok(mut locked) => {
                sign(&mut locked).map_err(failed)?;
                Ok(Self { _marker: locked })
            }
            Err((mut held, Errno::EWOULDBLOCK)) => Err(taken(plan.dir(), &mut held)),
            Err((_, errno)) => Err(failed(errno.into())),
        }
    }
}

/// Writes this process's id for whoever comes next.
fn sign(marker: &mut File) -> std::io::Result<()> {
    marker.set_len(0)?;
    marker.write_all(std::process::id().to_string().as_bytes())
}

fn taken(dir: &Path, marker: &mut File) -> Failure {
    let mut pid = String::new();
    // Whose it is helps; that it is taken is what counts.
    let whose = match marker.read_to_string(&mut pid) {
        Ok(1..) => format!("process {}", pid.trim()),
        _ => "another process".to_owned(),
    };
    Failure::Here(format!(
        "{} is the folder of a running `up` ({whose}): end that one with Ctrl-C, or choose another --dir and --port",
        dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_up_at_a_time_and_the_second_touches_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = Plan::new(&folder.path().join("up"), 0);
        let first = Lock::take(&plan).expect("a new folder");
        fs::write(plan.state_file(), "{}").expect("written");
        let refused = Lock::take(&plan).expect_err("taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(plan.state_file().exists());
        drop(first);
        Lock::take(&plan).expect("free again, with what the first one left");
    }

    #[test]
    fn a_folder_of_somebody_else_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = Plan::new(folder.path(), 0);
        fs::create_dir(plan.catalogue()).expect("a folder");
        assert!(Lock::take(&plan).expect_err("foreign").to_string().contains("choose another --dir"));
        assert!(!plan.marker().exists());
    }
}
