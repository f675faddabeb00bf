//! Shell: what a component says of itself, asked once per digest through the compiler's child and kept in the store.
//! The catalogue calls [`Library::described`] for each plugin a manifest names, again at each look while it fails.

use std::path::PathBuf;
use std::sync::Arc;

use api::catalogue::DescribedPlugin;
use api::id::Digest;
use process::clock::SharedClock;
use process::compile::Compiler;
use process::supervise::{blocking, chain};

use super::blobs::Blobs;
use crate::authz::PlatformScope;
use crate::store::plugin::PluginRead as _;
use crate::store::{Store, StoreError};

/// Components and what they say of themselves.
pub struct Library {
    store: Store,
    blobs: Arc<Blobs>,
    compiler: Compiler,
    clock: SharedClock,
}

/// Why a component says nothing of itself: one line for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undescribed {
    /// Its file is not there, too large, or another one: what the next change of the folder may mend.
    #[error("{0}")]
    File(String),
    /// The component, the compiler or the store is not usable.
    #[error("{0}")]
    Component(String),
}

impl Library {
    /// A library that asks components through `compiler`.
    pub fn new(store: Store, blobs: Arc<Blobs>, compiler: Compiler, clock: SharedClock) -> Self {
        Self { store, blobs, compiler, clock }
    }

    /// What the component in `file` says of itself; the component is kept, so that agents can fetch it.
    ///
    /// # Errors
    /// The file, the compiler or the answer is not usable.
    pub async fn described(&self, file: PathBuf, digest: &Digest) -> Result<Arc<DescribedPlugin>, Undescribed> {
        let bytes = {
            let (blobs, digest) = (Arc::clone(&self.blobs), digest.clone());
            // The kept one serves when the author's file is gone.
            let taken = blocking("plugin read", move || {
                blobs.take(&file, &digest).or_else(|error| blobs.read(&digest).map_err(|_| error))
            });
            let taken = taken.await.map_err(|panic| Undescribed::Component(panic.to_string()))?;
            taken.map_err(|error| Undescribed::File(chain(&error)))?
        };
        let answer = match self.kept(digest).await.map_err(unusable)? {
            Some(answer) => answer,
            None => self.compiler.compile(&bytes, &mut tokio::io::sink()).await.map_err(unusable)?.describe,
        };
        let plugin = DescribedPlugin::parse(digest.clone(), &answer)
            .map_err(|error| Undescribed::Component(DescribedPlugin::complaint(&error)))?;
        self.keep(digest, answer).await.map_err(unusable)?;
        Ok(Arc::new(plugin))
    }

    async fn kept(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        let digest = digest.clone();
        self.store.read(move |view| view.plugin_describe(&PlatformScope::system("describe"), &digest)).await
    }

    async fn keep(&self, digest: &Digest, answer: String) -> Result<(), StoreError> {
        let (digest, at_ms) = (digest.clone(), self.clock.wall_ms());
        self.store.upkeep(move |tx| tx.plugin_store(&digest, &answer, at_ms)).await
    }
}

fn unusable(error: impl std::error::Error + 'static) -> Undescribed {
    Undescribed::Component(chain(&error))
}
