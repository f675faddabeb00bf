//! `secrets`: names to the guest, values to `http` alone. A value is never printed, compared or handed to a guest.

use crate::bindings::wit::secrets;
use crate::state::RunState;
use zeroize::Zeroizing;

/// A secret's value; wiped when dropped. Deliberately without `Debug`, `Display`, `PartialEq` and serde.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the value.
    pub fn new(value: Vec<u8>) -> Self {
        Self(Zeroizing::new(value))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl secrets::Host for RunState {
    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        self.budget.begin("secrets.names")?;
        self.budget.end();
        Ok(self.call.secrets.keys().cloned().collect())
    }
}
