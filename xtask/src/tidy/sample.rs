//! Shell: the sample catalogue of `deploy/` is one that the aggregator would take: held against the very rules by
//! `floorwalker check validate`, beside the plugins as the image lays them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::args::Setting;

use super::house::House;
use super::{Findings, Violation};

const RULE: &str = "sample";
const FILE: &str = "deploy/manifests/10-catalogue.yaml";

pub(crate) fn check(house: &House, setting: &Setting, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(text) = house.texts.iter().find(|text| text.path == FILE) else {
        findings.violations.push(Violation::new(FILE, 1, RULE, "there is no sample catalogue"));
        return Ok(());
    };
    let program = setting.binaries().join("floorwalker");
    let component = |name: &str| setting.components().join(format!("{}.wasm", name.replace('-', "_")));
    let compiler = setting.binaries().join("floorwalker-compile");
    let plugins = house.plugins();
    let is_built = program.is_file() && compiler.is_file() && plugins.iter().all(|name| component(name).is_file());
    if !is_built {
        findings.skipped.push(format!("{FILE} is valid: a program or a plugin is not built (cargo xtask build)"));
        return Ok(());
    }
    let folder = tempfile::tempdir_in(&setting.target)?;
    let beside = folder.path().join("plugins");
    fs::create_dir_all(&beside)?;
    for (name, document) in documents(&text.text)? {
        fs::write(folder.path().join(name), document)?;
    }
    for name in plugins {
        let bytes = fs::read(component(name))?;
        fs::write(beside.join(format!("{name}.yaml")), plugin(name, &bytes))?;
        fs::write(beside.join(format!("{name}.wasm")), bytes)?;
    }
    let fault = validate(&program, folder.path());
    findings.violations.extend(fault?.map(|said| Violation::new(FILE, 1, RULE, said)));
    Ok(())
}

/// The files of the ConfigMap, by name.
fn documents(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let map: Value = serde_saphyr::from_str(text).with_context(|| format!("{FILE} is not YAML"))?;
    let data = map.get("data").and_then(Value::as_object).with_context(|| format!("{FILE} has no data"))?;
    let files = data.iter().map(|(name, text)| (name.clone(), text.as_str().unwrap_or_default().to_owned()));
    Ok(files.collect())
}

/// The Plugin document that the image's build writes beside a component.
fn plugin(name: &str, component: &[u8]) -> String {
    let digest = hex::encode(Sha256::digest(component));
    format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: Plugin\nmetadata: {{name: {name}}}\n\
         spec: {{source: {{file: {name}.wasm}}, digest: \"sha256:{digest}\"}}\n"
    )
}

fn validate(program: &Path, folder: &Path) -> anyhow::Result<Option<String>> {
    let output = Command::new(program).args(["check", "validate"]).arg(folder).output()?;
    if output.status.success() {
        return Ok(None);
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(Some(said.lines().filter(|line| line.contains(": ")).collect::<Vec<_>>().join(" | ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_config_map_are_taken_apart() {
        let files = documents("data:\n  a.yaml: |\n    kind: Tenant\n").expect("a config map");
        assert_eq!(files, [("a.yaml".to_owned(), "kind: Tenant\n".to_owned())]);
        assert!(documents("kind: ConfigMap\n").is_err());
    }

    #[test]
    fn a_plugin_is_pinned_to_its_bytes() {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(plugin("http-probe", b"abc").contains(digest), "SHA-256 of `abc`, FIPS 180-2, appendix B.1");
    }
}
