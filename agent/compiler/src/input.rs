//! Reads the component, bounded, and tells a core module from a component before Cranelift sees either.

use std::io::Read;

use anyhow::{Context as _, bail};
use api::limits::COMPONENT_BYTES_MAX;

const MAGIC: &[u8] = b"\0asm";
/// Version and layer of a component, as of a core module, after the magic (component model, binary format).
const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];
const CORE_MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];

pub(crate) fn read(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(COMPONENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).context("the component cannot be read")?;
    check(&bytes)?;
    Ok(bytes)
}

fn check(bytes: &[u8]) -> anyhow::Result<()> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        bail!("the component has over {} MiB; strip debug information", COMPONENT_BYTES_MAX >> 20);
    }
    match (bytes.get(..4), bytes.get(4..8)) {
        (Some(MAGIC), Some(COMPONENT)) => Ok(()),
        (Some(MAGIC), Some(CORE_MODULE)) => bail!(
            "a core WebAssembly module and not a component: build it for wasm32-wasip2, or wrap it with \
             `wasm-tools component new`"
        ),
        _ => bail!("not a WebAssembly component ({} bytes)", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_components_pass() {
        assert!(check(b"\0asm\x0d\0\x01\0rest").is_ok());
        let module = check(b"\0asm\x01\0\0\0").expect_err("a module").to_string();
        assert!(module.contains("wasm32-wasip2"), "{module}");
        assert!(check(b"").is_err() && check(b"(component)").is_err());
        assert!(check(&vec![0; COMPONENT_BYTES_MAX + 1]).is_err());
    }
}
