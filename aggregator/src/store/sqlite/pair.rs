//! Shell: the two files of a store: the law's, with what people and the law do, and the reports', with what machines
//! report. Each has a writer of its own, so that a decision never waits for a fleet's frames. They are made together, and
//! from then on none is taken without the other: half a store would forget in silence what agents were told is kept.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use url::Url;

use super::super::StoreError;
use super::{connect, fact, failed, migrate};
use crate::authn::random;

/// The fact that both hold: random bytes of this store.
const STORE: &str = "store";
/// The fact that the law's file holds once the reports' was made beside it; its value is the same.
const PAIRED: &str = "paired";

/// 4 MiB of the law's pages where a connection has the reports' too: what a decision reads of releases and tickets is the
/// last few.
const LAW_CACHE_KIB: i64 = 4 * 1024;

/// Where they are.
#[derive(Clone, Debug)]
pub(in crate::store) struct Files {
    pub(super) law: PathBuf,
    pub(super) reports: PathBuf,
}

// === impl Files ===

impl Files {
    /// Those of a folder.
    pub(in crate::store) fn of(folder: &Path) -> Self {
        Self { law: folder.join("aggregator.db"), reports: folder.join("reports.db") }
    }

    /// Both, each for its writer, with the tables of this binary and proved to belong together: the law's, which reads
    /// the reports too, and the reports'.
    pub(super) fn open(&self) -> Result<(Connection, Connection), StoreError> {
        let (mut law, mut reports) = (connect(&self.law)?, connect(&self.reports)?);
        // What is asked here and in which order: another process may be making both (`token create` beside a server).
        if !migrate::is_new(&reports)? && migrate::is_new(&law)? {
            return Err(self.apart("the first is missing or empty, and the second was in use"));
        }
        migrate::up(&mut law, migrate::LAW)?;
        let store = fact::ensure(&law, STORE, &random::bytes())?;
        let paired = fact::find(&law, PAIRED)?.is_some();
        if paired && migrate::is_new(&reports)? {
            return Err(self.apart("the second is missing or empty, and the first was in use"));
        }
        migrate::up(&mut reports, migrate::REPORTS)?;
        if fact::ensure(&reports, STORE, &store)? != store {
            return Err(self.apart("they are of two stores"));
        }
        fact::ensure(&law, PAIRED, &store)?;
        self.attach(&law)?;
        Ok((law, reports))
    }

    /// A connection that reads both, and writes none.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.law)?;
        connection.pragma_update(None, "query_only", "ON").map_err(failed("open a reader"))?;
        self.attach(&connection)?;
        Ok(connection)
    }

    /// Read-only: a change then takes no lock of the reports' writer, and waits for none.
    fn attach(&self, law: &Connection) -> Result<(), StoreError> {
        let file = self.reports.display().to_string();
        let open = |source| StoreError::Open { file: file.clone(), source };
        let path = std::path::absolute(&self.reports).map_err(|error| open(error.into()))?;
        let mut uri = Url::from_file_path(path).map_err(|()| open("its path is not absolute".into()))?;
        uri.set_query(Some("mode=ro"));
        law.execute("ATTACH DATABASE ?1 AS reports", params![uri.as_str()]).map_err(|error| open(error.into()))?;
        law.pragma_update(Some("main"), "cache_size", -LAW_CACHE_KIB).map_err(|error| open(error.into()))?;
        law.pragma_update(Some("reports"), "cache_size", -super::CACHE_KIB).map_err(|error| open(error.into()))
    }

    fn apart(&self, found: &'static str) -> StoreError {
        let name = |path: &Path| path.display().to_string();
        StoreError::Apart { law: name(&self.law), reports: name(&self.reports), found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path) -> Result<(Connection, Connection), StoreError> {
        Files::of(folder).open()
    }

    #[test]
    fn the_law_reads_the_reports_and_writes_only_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let odd = folder.path().join("50 % of it? #1");
        std::fs::create_dir(&odd).expect("made");
        let (law, reports) = opened(&odd).expect("opened");
        reports.execute("INSERT INTO agent VALUES ('c', 'n', 1)", []).expect("written");
        // While a report is being written, a change begins, reads and is stored.
        reports.execute_batch("BEGIN IMMEDIATE; DELETE FROM agent").expect("begun");
        law.execute_batch("BEGIN IMMEDIATE").expect("waits for nobody");
        let agents: i64 = law.query_row("SELECT count(*) FROM agent", [], |row| row.get(0)).expect("read");
        assert_eq!(agents, 1);
        law.execute("INSERT INTO plugin VALUES ('d', '{}', 1)", []).expect("written");
        law.execute("DELETE FROM agent", []).expect_err("not its own");
        law.execute_batch("COMMIT").expect("stored");
        reports.execute_batch("COMMIT").expect("stored");
    }

    #[test]
    fn one_file_without_its_other_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        for folder in [&folder, &other] {
            drop(opened(folder.path()).expect("made"));
            drop(opened(folder.path()).expect("opened again"));
        }
        let (files, others) = (Files::of(folder.path()), Files::of(other.path()));
        let refused = || match opened(folder.path()) {
            Err(StoreError::Apart { found, .. }) => found,
            other => panic!("{other:?}"),
        };
        let kept = folder.path().join("kept");
        std::fs::rename(&files.reports, &kept).expect("moved");
        assert_eq!(refused(), "the second is missing or empty, and the first was in use");
        std::fs::copy(&others.reports, &files.reports).expect("copied");
        assert_eq!(refused(), "they are of two stores");
        std::fs::rename(&kept, &files.reports).expect("moved back");
        drop(opened(folder.path()).expect("whole again"));
        std::fs::remove_file(&files.law).expect("removed");
        assert_eq!(refused(), "the first is missing or empty, and the second was in use");
    }

    #[test]
    fn a_store_that_was_killed_while_it_was_made_is_made_to_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(folder.path());
        let mut law = connect(&files.law).expect("opened");
        migrate::up(&mut law, migrate::LAW).expect("made");
        fact::ensure(&law, STORE, &[7; 32]).expect("stored");
        drop(law);
        let (_, reports) = opened(folder.path()).expect("made to the end");
        assert_eq!(fact::find(&reports, STORE).expect("read"), Some([7; 32]));
    }
}
