//! `state`: a small store of the check on this node. Bounds of keys, values and a run's writes are held here; the
//! number of keys, which only the store knows, by the backend.

use api::limits::{KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX};

use super::of_backend;
use crate::bindings::wit::state;
use crate::bindings::wit::types::HostError;
use crate::limit::STATE_WRITES_MAX;
use crate::outcome::HostReason;
use crate::state::{RunState, host_error};

impl state::Host for RunState {
    async fn load(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, HostError>> {
        self.budget.begin("state.load")?;
        let answer = match admit(&key, 0) {
            Err(error) => Err(error),
            Ok(()) => self.backends.state.load(&self.call.owner, &key).await.map_err(of_backend),
        };
        self.budget.end();
        Ok(answer)
    }

    async fn save(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), HostError>> {
        self.budget.begin("state.save")?;
        let answer = match admit(&key, value.len()).and_then(|()| self.admit_write()) {
            Err(error) => Err(error),
            Ok(()) => self.backends.state.save(&self.call.owner, &key, value).await.map_err(of_backend),
        };
        self.budget.end();
        Ok(answer)
    }

    async fn remove(&mut self, key: String) -> wasmtime::Result<Result<(), HostError>> {
        self.budget.begin("state.remove")?;
        let answer = match admit(&key, 0).and_then(|()| self.admit_write()) {
            Err(error) => Err(error),
            Ok(()) => self.backends.state.remove(&self.call.owner, &key).await.map_err(of_backend),
        };
        self.budget.end();
        Ok(answer)
    }
}

impl RunState {
    fn admit_write(&mut self) -> Result<(), HostError> {
        if self.state_writes == STATE_WRITES_MAX {
            let message = format!("a run writes its state at most {STATE_WRITES_MAX} times");
            return Err(host_error(HostReason::QuotaExceeded, message));
        }
        self.state_writes += 1;
        Ok(())
    }
}

fn admit(key: &str, value_bytes: usize) -> Result<(), HostError> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(host_error(HostReason::Other, format!("a key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    if value_bytes > STATE_VALUE_BYTES_MAX {
        let message = format!("a value has at most {STATE_VALUE_BYTES_MAX} bytes, this one has {value_bytes}");
        return Err(host_error(HostReason::QuotaExceeded, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_bounded() {
        assert!(admit("last-digest", STATE_VALUE_BYTES_MAX).is_ok());
        assert_eq!(admit("", 0).expect_err("empty").reason, "other");
        assert_eq!(admit(&"k".repeat(KEY_BYTES_MAX + 1), 0).expect_err("long").reason, "other");
        assert_eq!(admit("k", STATE_VALUE_BYTES_MAX + 1).expect_err("large").reason, "quota-exceeded");
    }
}
