//! Facts and granted files of the node the agent runs on. Used by drift checks. Files are read-only.

use serde::Deserialize;

use super::HostError;
use crate::bindings::check::floorwalker::check::node as import;
use crate::reason::Reason;

/// Facts of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Facts {
    /// The node's name.
    pub node: String,
    /// The kernel.
    pub kernel: Kernel,
    /// The operating system, where it says so.
    #[serde(default)]
    pub os: Option<Os>,
    /// Changes with every boot.
    #[serde(default)]
    pub boot_id: String,
}

/// What `uname` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Kernel {
    /// Such as `Linux`.
    pub sysname: String,
    /// Such as `6.1.0-18-amd64`.
    pub release: String,
    /// Build and date.
    #[serde(default)]
    pub version: String,
    /// Such as `x86_64`.
    #[serde(default)]
    pub machine: String,
}

/// What `os-release` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Os {
    /// Such as `debian`.
    pub id: String,
    /// Such as `12`.
    #[serde(default)]
    pub version_id: String,
    /// For people.
    #[serde(default)]
    pub pretty_name: String,
}

/// Facts of the node.
///
/// # Errors
/// The host refused or could not read them.
pub fn facts() -> Result<Facts, HostError> {
    let json = host_call!(import::facts().map_err(HostError::from), |doubles| doubles.node.facts())?;
    serde_json::from_str(&json).map_err(|error| HostError::new(Reason::Other, format!("facts of the node: {error}")))
}

/// The first `bytes_max` bytes of a file, 1 MiB at most.
///
/// # Errors
/// `capability-denied` without a grant; else the file cannot be read.
pub fn read_file(path: &str, bytes_max: u32) -> Result<Vec<u8>, HostError> {
    host_call!(import::read_file(path, bytes_max).map_err(HostError::from), |doubles| {
        let bytes = doubles.node.file(path)?;
        Ok(bytes[..bytes.len().min(bytes_max as usize)].to_vec())
    })
}

/// SHA-256 of a whole file, in hexadecimal.
///
/// # Errors
/// `capability-denied` without a grant; else the file cannot be read, or is over 64 MiB.
pub fn sha256_file(path: &str) -> Result<String, HostError> {
    host_call!(import::sha256_file(path).map_err(HostError::from), |doubles| doubles.node.sha256(path))
}

/// Files and facts in memory.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) facts: Option<String>,
    pub(crate) files: std::collections::BTreeMap<String, Result<Vec<u8>, HostError>>,
    pub(crate) hashes: std::collections::BTreeMap<String, Result<String, HostError>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Double {
    fn facts(&self) -> Result<String, HostError> {
        self.facts.clone().ok_or_else(|| HostError::new(Reason::Other, "the harness has no facts"))
    }

    fn file(&self, path: &str) -> Result<&[u8], HostError> {
        let file = self.files.get(path).ok_or_else(|| not_there(path))?;
        file.as_ref().map(Vec::as_slice).map_err(HostError::clone)
    }

    fn sha256(&self, path: &str) -> Result<String, HostError> {
        self.hashes.get(path).cloned().unwrap_or_else(|| Err(not_there(path)))
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn not_there(path: &str) -> HostError {
    HostError::new(Reason::PrerequisiteMissing, format!("{path}: no such file"))
}
