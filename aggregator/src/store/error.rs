//! What can go wrong with the store, without naming its technology. Mapped to answers in `http/error`.

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or is not usable.
    #[error("the store {file} is not usable")]
    Open {
        /// Which file.
        file: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting that durability rests on was not taken.
    #[error("the store {file} has {setting} = {found}, it must be {wanted}; move it to a local file system")]
    Setting {
        /// Which file.
        file: String,
        /// Which setting.
        setting: &'static str,
        /// What was read back.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The file was written by another version.
    #[error(
        "the store {file} has tables of version {version}, which this binary does not know; run the binary that wrote it, or a newer one"
    )]
    Version {
        /// Which file.
        file: String,
        /// The version in question.
        version: i64,
    },
    /// One of the files is not there, or another store's.
    #[error("{law} and {reports} do not belong together: {found}; restore both from one backup")]
    Apart {
        /// The file of what people and the law do.
        law: String,
        /// The file of what machines report.
        reports: String,
        /// What was found.
        found: &'static str,
    },
    /// A statement failed.
    #[error("the store failed to {operation}")]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk takes nothing now; what is stored stays, and reading goes on.
    #[error("the store cannot {operation}; free room on its disk, or mount it writable")]
    Unwritable {
        /// What was tried.
        operation: &'static str,
        /// What the disk says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk took nothing of the writes that were to be synced together; ask again.
    #[error("the disk took nothing of the last writes")]
    Undone,
    /// Something stored does not read back as what it should be.
    #[error("the store holds {what} that does not read back")]
    Broken {
        /// What it is.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another write came first; read again and retry.
    #[error("another write came first")]
    Raced,
    /// Too many writes wait.
    #[error("too many writes wait")]
    Busy,
    /// The store has ended; the process is about to.
    #[error("the store has ended")]
    Closed,
}
