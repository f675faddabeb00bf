//! The plain manifests of `deploy/` name flags and variables that the binaries have, and drop every privilege. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Violation;
use super::commands::Spoken;
use super::house::{House, Text};

const RULE: &str = "manifests";

/// Pointers into a container's or pod's security context, and what must stand there.
const CONTAINER_SECURITY: [(&str, &str); 3] = [
    ("/securityContext/readOnlyRootFilesystem", "true"),
    ("/securityContext/allowPrivilegeEscalation", "false"),
    ("/securityContext/capabilities/drop", r#"["ALL"]"#),
];
const POD_SECURITY: [(&str, &str); 2] =
    [("/securityContext/runAsNonRoot", "true"), ("/securityContext/seccompProfile/type", r#""RuntimeDefault""#)];

pub(super) fn check(house: &House, programs: &BTreeMap<String, Spoken>) -> Vec<Violation> {
    let is_manifest = |text: &&Text| text.path.starts_with("deploy/") && text.path.ends_with(".yaml");
    house.texts.iter().filter(is_manifest).flat_map(|text| document(text, programs)).collect()
}

fn document(text: &Text, programs: &BTreeMap<String, Spoken>) -> Vec<Violation> {
    let violation = |remedy: String| Violation::new(&text.path, 1, RULE, remedy);
    let documents: Vec<Value> = match serde_saphyr::from_multiple(&text.text) {
        Ok(documents) => documents,
        Err(error) => return vec![violation(format!("not YAML: {error}"))],
    };
    let pods = documents.iter().filter_map(|document| document.pointer("/spec/template/spec"));
    pods.flat_map(|pod| {
        let groups = ["initContainers", "containers"].into_iter().filter_map(|group| pod.get(group)?.as_array());
        let containers = groups.flatten().flat_map(|container| container_faults(container, programs));
        lacking(pod, &POD_SECURITY).into_iter().chain(containers).collect::<Vec<_>>()
    })
    .map(violation)
    .collect()
}

fn container_faults(container: &Value, programs: &BTreeMap<String, Spoken>) -> Vec<String> {
    let mut faults = lacking(container, &CONTAINER_SECURITY);
    let texts = |field: &str| {
        let list = container.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str)
    };
    let mut words = texts("command").chain(texts("args"));
    let Some(program) = words.next().and_then(|path| path.rsplit('/').next()) else {
        faults.push("a container names no command: write which binary it runs".to_owned());
        return faults;
    };
    let Some(mut spoken) = programs.get(program) else { return faults };
    let mut flags: Vec<&String> = spoken.flags.iter().collect();
    for word in words {
        let flag = word.split('=').next().unwrap_or(word);
        if let Some(below) = spoken.commands.get(word) {
            spoken = below;
            flags.extend(&below.flags);
        } else if word.starts_with("--") && !flags.iter().any(|known| *known == flag) {
            faults.push(format!("`{program}` has no flag `{flag}`: see its --help"));
        }
    }
    let variables = container.get("env").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for name in variables.iter().filter_map(|entry| entry.get("name")?.as_str()) {
        // Only for use in `$(NAME)`: Kubernetes puts its value into an argument.
        let is_substituted = texts("args").any(|word| word.contains(&format!("$({name})")));
        if !is_substituted && !spoken.variables.contains(name) {
            faults.push(format!("`{program}` reads no variable `{name}`: see its --help"));
        }
    }
    faults
}

fn lacking(object: &Value, wanted: &[(&str, &str)]) -> Vec<String> {
    let missing = wanted
        .iter()
        .filter(|(pointer, value)| object.pointer(pointer).map(ToString::to_string).as_deref() != Some(value));
    missing.map(|(pointer, value)| format!("{pointer} must be {value}: nothing runs with more than it needs")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(pod: &str) -> Vec<String> {
        let spoken = Spoken {
            flags: ["--listen".to_owned()].into(),
            variables: ["FLOORWALKER_LISTEN".to_owned()].into(),
            commands: BTreeMap::new(),
        };
        let text = Text {
            path: "deploy/manifests/agent.yaml".to_owned(),
            text: format!("spec:\n  template:\n    spec:\n{pod}"),
        };
        let programs = BTreeMap::from([("floorwalker-agent".to_owned(), spoken)]);
        document(&text, &programs).into_iter().map(|violation| violation.remedy).collect()
    }

    const SECURE: &str = "      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n      \
                          containers:\n      - securityContext: {readOnlyRootFilesystem: true, \
                          allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n";

    #[test]
    fn a_pod_with_real_flags_and_no_privilege_passes() {
        let pod = format!(
            "{SECURE}        command: [floorwalker-agent]\n        args: [--listen=0.0.0.0:1, --listen=$(IP)]\n        \
                           env: [{{name: FLOORWALKER_LISTEN}}, {{name: IP}}]\n"
        );
        assert_eq!(faults(&pod), Vec::<String>::new());
    }

    #[test]
    fn a_flag_or_variable_that_is_not_there_is_named() {
        let pod = format!(
            "{SECURE}        command: [floorwalker-agent]\n        args: [--loud]\n        env: [{{name: LOUD}}]\n"
        );
        assert_eq!(faults(&pod).len(), 2, "{:?}", faults(&pod));
    }

    #[test]
    fn a_pod_with_privileges_is_named() {
        assert_eq!(faults("      containers:\n      - command: [sleep]\n").len(), 5);
    }
}
