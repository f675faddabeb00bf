//! `node`: facts and granted files of the node. Paths are judged here against the grants; the backend reads.

use super::of_backend;
use crate::backend::FILE_BYTES_MAX;
use crate::bindings::wit::node;
use crate::bindings::wit::types::HostError;
use crate::charge;
use crate::outcome::{Denial, Granted, HostReason};
use crate::state::{RunState, host_error};

impl node::Host for RunState {
    async fn facts(&mut self) -> wasmtime::Result<Result<String, HostError>> {
        self.budget.begin("node.facts")?;
        let answer = self.backends.node.facts().await.map_err(of_backend);
        self.budget.end();
        Ok(answer)
    }

    async fn read_file(&mut self, path: String, bytes_max: u32) -> wasmtime::Result<Result<Vec<u8>, HostError>> {
        self.budget.begin("node.read-file")?;
        let answer = match self.admit_file(&path) {
            Err(error) => Err(error),
            Ok(()) if bytes_max > FILE_BYTES_MAX => {
                Err(host_error(HostReason::QuotaExceeded, format!("at most {FILE_BYTES_MAX} bytes of a file")))
            }
            Ok(()) => self.backends.node.read_file(&path, bytes_max).await.map_err(of_backend),
        };
        self.budget.end();
        Ok(answer)
    }

    async fn sha256_file(&mut self, path: String) -> wasmtime::Result<Result<String, HostError>> {
        self.budget.begin("node.sha256-file")?;
        let answer = match self.admit_file(&path) {
            Err(error) => Err(error),
            Ok(()) => match charge::hash_nothing_more() {
                Some(error) => Err(of_backend(error)),
                None => self.backends.node.sha256_file(&path).await.map_err(of_backend),
            },
        };
        self.budget.end();
        Ok(answer)
    }
}

impl RunState {
    fn admit_file(&mut self, path: &str) -> Result<(), HostError> {
        self.call.grants.allow_node_file(path).map_err(|refusal| {
            let subject = path.chars().take(200).collect();
            self.deny(Denial { capability: Granted::Node, subject, remedy: refusal.to_string() })
        })
    }
}
