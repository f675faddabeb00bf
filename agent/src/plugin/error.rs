//! Why a component does not become a plugin that runs here: said by `artefact`, kept by `table` as the plugin's state.

use host::LoadError;
use process::compile::CompileError;
use process::supervise::Panicked;

use crate::disk::DiskError;

/// Why a component does not become a plugin.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// The compiler refused it.
    #[error("it does not compile")]
    Compile(#[from] CompileError),
    /// The compiler is of another build than this agent.
    #[error("the compiler is made for the engine {compiler}, this agent has {agent}: install both from one build")]
    Engine {
        /// What the compiler says.
        compiler: String,
        /// What this process has.
        agent: String,
    },
    /// What was compiled does not load.
    #[error("it does not load")]
    Load(#[from] LoadError),
    /// The disk does not keep it.
    #[error("the compiled plugin cannot be kept")]
    Disk(#[from] DiskError),
    /// A bug.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}
