//! Drift of a node: kernel release, sysctls and file hashes against a declared baseline, with ignore rules. Here stand
//! the configuration and the reading; `check` compares. It changes nothing, and what it cannot read it calls unknown.

mod check;
mod glob;

use std::collections::BTreeMap;

use floorwalker_sdk::host::HostError;
use floorwalker_sdk::prelude::*;
use serde_json::json;

use check::{Expected, Look, Reading};

/// Bytes read of a sysctl. The longest of them are lists of ports and of congestion controls, far below a page.
const SYSCTL_BYTES_MAX: u32 = 4096;

/// Sysctls, and files, of one baseline: each is a host call of its own, and a run has a budget of those.
const SUBJECTS_MAX: u32 = 128;

/// What a node should be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeBaseline {
    /// Releases the kernel may have.
    #[serde(default)]
    pub kernel: Option<Kernel>,
    /// Sysctls by name, such as `net.ipv4.ip_forward: "1"`; read below `/proc/sys`, granted under `nodeFiles`.
    #[serde(default)]
    #[schemars(extend("maxProperties" = SUBJECTS_MAX, "propertyNames" = json!({"pattern": "^[A-Za-z0-9_./:-]+$"})))]
    pub sysctls: BTreeMap<String, String>,
    /// SHA-256 of files by absolute path, in hexadecimal; granted under `nodeFiles`.
    #[serde(default)]
    #[schemars(extend(
        "maxProperties" = SUBJECTS_MAX,
        "propertyNames" = json!({"pattern": "^/"}),
        "additionalProperties" = json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})
    ))]
    pub files: BTreeMap<String, String>,
    /// Subjects that are left out, with `*` for any characters: `sysctl:net.*`, `file:/etc/motd`, `kernel`.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(max = 256)))]
    pub ignore: Vec<String>,
}

/// Releases the kernel may have. Exactly one of the three.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kernel {
    /// This release alone, such as `6.1.0-18-amd64`.
    Exact(String),
    /// Whatever begins like this, such as `6.1.`.
    Prefix(String),
    /// This or a newer one, compared number by number, such as `6.1.0-18`.
    Min(String),
}

impl Check for NodeBaseline {
    const KIND: Kind = Kind::Drift;
    const CAPABILITIES: &'static [Capability] = &[Capability::Node];

    fn run(&self, _: &Run) -> Judgement {
        let ignored = |subject: &str| self.ignore.iter().any(|rule| glob::matches(rule, subject));
        let looks: Vec<Look> = self.subjects().into_iter().filter(|look| !ignored(&look.subject)).collect();
        ensure_something(&looks)?;
        let readings =
            looks.into_iter().map(|look| Ok((Self::read(&look)?, look))).collect::<Result<Vec<_>, Stop>>()?;
        check::judge(&readings)
    }
}

impl NodeBaseline {
    fn subjects(&self) -> Vec<Look> {
        let kernel = self.kernel.iter().map(|kernel| Look::new("kernel", Expected::Kernel(kernel.clone())));
        let sysctls = self.sysctls.iter().map(|(name, value)| {
            Look::new(&format!("sysctl:{name}"), Expected::Sysctl { path: sysctl_path(name), value: value.clone() })
        });
        let files = self.files.iter().map(|(path, hash)| {
            Look::new(&format!("file:{path}"), Expected::File { path: path.clone(), sha256: hash.clone() })
        });
        kernel.chain(sysctls).chain(files).collect()
    }

    fn read(look: &Look) -> Result<Reading, Stop> {
        let read = match &look.expected {
            Expected::Kernel(_) => node::facts().map(|facts| facts.kernel.release),
            Expected::Sysctl { path, .. } => {
                node::read_file(path, SYSCTL_BYTES_MAX).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            }
            Expected::File { path, .. } => node::sha256_file(path),
        };
        match read {
            Ok(live) => Ok(Reading::Live(live)),
            // What is declared and not there differs from what is declared.
            Err(error) if error.reason == Reason::PrerequisiteMissing => Ok(Reading::Absent),
            // Without the grant nothing of this check is right: say so at once, with the line that allows it.
            Err(error) if error.reason == Reason::CapabilityDenied => Err(error.into()),
            Err(HostError { message, .. }) => Ok(Reading::Unknown(message)),
        }
    }
}

fn ensure_something(looks: &[Look]) -> Result<(), Stop> {
    if looks.is_empty() {
        return Err(Stop::error(Reason::InvalidConfig, "config: nothing is declared, or all of it is ignored"));
    }
    Ok(())
}

/// As sysctl(8) has it: dots part the names; where a slash stands instead of a dot first, slashes part and a dot is
/// one, as in `net/ipv4/conf/eth0.100/rp_filter`.
fn sysctl_path(name: &str) -> String {
    let slashed = name.find(['.', '/']).is_some_and(|at| name.as_bytes()[at] == b'/');
    format!("/proc/sys/{}", if slashed { name.to_owned() } else { name.replace('.', "/") })
}

export_check!(NodeBaseline);

#[cfg(test)]
mod tests {
    use floorwalker_sdk::harness::Harness;
    use floorwalker_sdk::host::HostError;
    use floorwalker_sdk::prelude::*;
    use serde_json::{Value, json};

    use super::{NodeBaseline, sysctl_path};

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn baseline() -> Value {
        json!({
            "kernel": {"prefix": "6.1."},
            "sysctls": {"net.ipv4.ip_forward": "1", "kernel.printk": "4 4 1 7"},
            "files": {"/etc/hosts": HASH},
        })
    }

    fn node() -> Harness {
        let kernel = json!({"sysname": "Linux", "release": "6.1.0-18-amd64", "version": "", "machine": "x86_64"});
        Harness::new()
            .facts(&json!({"node": "node-1", "kernel": kernel, "boot_id": "b"}))
            .file("/proc/sys/net/ipv4/ip_forward", Ok("1\n"))
            .file("/proc/sys/kernel/printk", Ok("4\t4\t1\t7\n"))
            .sha256("/etc/hosts", Ok(HASH))
    }

    #[test]
    fn a_node_as_declared_passes() {
        let played = node().run::<NodeBaseline>(baseline());
        assert_eq!(played.verdict().status, Status::Pass);
        assert_eq!(played.verdict().summary, "4 subjects are as declared");
        assert!(played.verdict().findings.is_empty());
    }

    #[test]
    fn what_differs_is_drift_with_a_finding_each() {
        let played = node().file("/proc/sys/net/ipv4/ip_forward", Ok("0\n")).run::<NodeBaseline>(baseline());
        let verdict = played.verdict();
        assert_eq!((verdict.status, verdict.reason), (Status::Fail, Some(Reason::DriftDetected)));
        assert_eq!(verdict.findings[0].subject, "sysctl:net.ipv4.ip_forward");
        assert_eq!((verdict.findings[0].expected.as_str(), verdict.findings[0].actual.as_str()), ("1", "0"));
    }

    #[test]
    fn an_ignored_subject_is_not_read() {
        let mut config = baseline();
        config["ignore"] = json!(["sysctl:net.*", "file:/etc/hosts", "kernel"]);
        let only_printk = Harness::new().file("/proc/sys/kernel/printk", Ok("4\t4\t1\t7\n"));
        assert_eq!({ only_printk }.run::<NodeBaseline>(config.clone()).verdict().summary, "1 subject is as declared");
        config["ignore"] = json!(["*"]);
        assert_eq!(node().run::<NodeBaseline>(config).error().reason, Reason::InvalidConfig);
    }

    #[test]
    fn what_is_not_there_is_drift() {
        let config = json!({"files": {"/etc/hosts": HASH, "/etc/gone": HASH}});
        let played = node().run::<NodeBaseline>(config);
        assert_eq!(played.verdict().reason, Some(Reason::DriftDetected));
        assert_eq!(played.verdict().findings[0].actual, "absent");
    }

    #[test]
    fn what_cannot_be_read_is_unknown_not_drift() {
        let unreadable = HostError::new(Reason::Other, "/etc/hosts: permission denied");
        let mut node = node().sha256("/etc/hosts", Err(unreadable));
        let played = node.run::<NodeBaseline>(baseline());
        let verdict = played.verdict();
        assert_eq!((verdict.status, verdict.reason), (Status::Warn, Some(Reason::EvidenceMissing)));
        assert_eq!(verdict.findings[0].severity, Severity::Warning);
        assert_eq!(verdict.findings[0].actual, "unknown: /etc/hosts: permission denied");
        let all_of_it = node.run::<NodeBaseline>(json!({"files": {"/etc/hosts": HASH}}));
        assert_eq!(all_of_it.error().reason, Reason::EvidenceMissing);
    }

    #[test]
    fn a_missing_grant_is_the_probers() {
        let denied = HostError::new(Reason::CapabilityDenied, "/etc/hosts is not granted");
        let denied = HostError { remedy: Some(r#"nodeFiles: ["/etc/hosts"]"#.to_owned()), ..denied };
        let played = node().sha256("/etc/hosts", Err(denied)).run::<NodeBaseline>(baseline());
        assert_eq!(played.error().reason, Reason::CapabilityDenied);
        assert!(played.error().message.contains(r#"nodeFiles: ["/etc/hosts"]"#));
    }

    #[test]
    fn sysctl_names_become_paths() {
        assert_eq!(sysctl_path("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(sysctl_path("net/ipv4/conf/eth0.100/rp_filter"), "/proc/sys/net/ipv4/conf/eth0.100/rp_filter");
    }

    #[test]
    fn the_example_manifest_has_a_valid_config() {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(include_str!("../manifest.yaml")).expect("YAML documents");
        let check = documents.iter().find(|document| document["kind"] == "Check").expect("a Check");
        serde_json::from_value::<NodeBaseline>(check["spec"]["config"].clone()).expect("a valid config");
    }
}
