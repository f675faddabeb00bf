//! A small store of this check on this node: 16 keys of 4 KiB, kept over restarts. Used by plugins that compare with
//! their last look. It is no place for results: those are the verdict's.

use super::HostError;
use crate::bindings::check::floorwalker::check::state as import;

/// The value of a key, if there is one.
///
/// # Errors
/// The host could not read it.
pub fn load(key: &str) -> Result<Option<Vec<u8>>, HostError> {
    host_call!(import::load(key).map_err(HostError::from), |doubles| Ok(doubles.state.values.get(key).cloned()))
}

/// Stores a value.
///
/// # Errors
/// `quota-exceeded` over the limits, or the host could not write it.
pub fn save(key: &str, value: &[u8]) -> Result<(), HostError> {
    host_call!(import::save(key, value).map_err(HostError::from), |doubles| doubles.state.save(key, value))
}

/// Forgets a key.
///
/// # Errors
/// The host could not write it.
pub fn remove(key: &str) -> Result<(), HostError> {
    host_call!(import::remove(key).map_err(HostError::from), |doubles| {
        doubles.state.values.remove(key);
        Ok(())
    })
}

/// A store in memory, with the limits of the contract.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) values: std::collections::BTreeMap<String, Vec<u8>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Double {
    fn save(&mut self, key: &str, value: &[u8]) -> Result<(), HostError> {
        // wit/state.wit: 16 keys, 4 KiB each.
        let full = self.values.len() == 16 && !self.values.contains_key(key);
        if full || value.len() > 4096 {
            return Err(HostError::new(crate::Reason::QuotaExceeded, "16 keys of 4 KiB at most"));
        }
        self.values.insert(key.to_owned(), value.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Double;

    #[test]
    fn the_double_holds_the_limits_of_the_contract() {
        let mut double = Double::default();
        for key in 0..16 {
            double.save(&key.to_string(), b"value").expect("within the limit");
        }
        double.save("0", b"again").expect("a key that is there");
        double.save("16", b"value").expect_err("the seventeenth key");
        double.save("0", &[0; 4097]).expect_err("a long value");
    }
}
