//! A plugin ready to run: its component, linked once, and what is known of it. Made by `load` from an artefact and by
//! the compiler from what it just compiled; `run` instantiates it afresh for every run.

use wasmtime::component::Component;

use crate::bindings::{CheckPre, JourneyPre};
use crate::engine::Engine;
use crate::link::{self, CONTRACT, Kind, Unlinkable};
use crate::state::RunState;

/// A linked plugin; cloning shares it.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) engine: Engine,
    pub(crate) check: CheckPre<RunState>,
    pub(crate) journey: Option<JourneyPre<RunState>>,
    imports: Vec<String>,
}

/// Why a component is not a plugin.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// It wants or lacks something by name.
    #[error(transparent)]
    Unlinkable(#[from] Unlinkable),
    /// An interface has the right name and another shape.
    #[error("its interfaces do not have the shapes of floorwalker:check@{CONTRACT}: {0:#}")]
    Shape(wasmtime::Error),
}

impl Plugin {
    /// Links a component.
    ///
    /// # Errors
    /// When it imports what is not offered, or does not export what a plugin must.
    pub fn link(engine: &Engine, component: &Component) -> Result<Self, PluginError> {
        let kind = link::judge(component)?;
        let pre = engine.linker().instantiate_pre(component).map_err(PluginError::Shape)?;
        let journey = match kind {
            Kind::Check => None,
            Kind::Journey => Some(JourneyPre::new(pre.clone()).map_err(PluginError::Shape)?),
        };
        let check = CheckPre::new(pre).map_err(PluginError::Shape)?;
        Ok(Self { engine: engine.clone(), check, journey, imports: link::imports(component) })
    }

    /// Which world it was built for.
    pub fn kind(&self) -> Kind {
        if self.journey.is_some() { Kind::Journey } else { Kind::Check }
    }

    /// The interfaces it imports, with versions: its list of capabilities.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }
}
