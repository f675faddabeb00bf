//! The command line by its exit codes and output: the table of codes is a contract with pipelines.

use std::{fs, time::Duration};

use harness::{
    cli::{Cli, Ended},
    http::Client,
    parts, push,
    real::registry,
    skip,
    stand::Stand,
    until::until,
};
use jiff::ToSpan;
use serde_json::Value;

fn ends(cli: &Cli, args: &[&str], code: i32) -> Ended {
    let ended = cli.run(args).expect("floorwalker");
    assert_eq!(ended.code, code, "{args:?}\n{}{}", ended.stdout, ended.stderr);
    ended
}

#[test]
fn wrong_usage_is_2_and_says_what_is_missing() {
    let bare = Cli::bare();
    ends(&bare, &["gate", "check"], 2);
    ends(&bare, &["no-such-command"], 2);
    let question = ["gate", "check", "--tenant", "acme", "--environment", "prod", "--service", "shop"];
    let without = ends(&bare, &question, 2);
    assert!(without.stderr.contains("FLOORWALKER_URL"), "{}", without.stderr);
    let alone = ends(&bare, &[&question[..], &["--deadline", "3s"]].concat(), 2);
    assert!(alone.stderr.contains("--wait"), "{}", alone.stderr);
    let clear = ends(&Cli::at("http://127.0.0.1:1", "ca.pem", "fwt_a_b"), &question, 2);
    assert!(clear.stderr.contains("https"), "{}", clear.stderr);
}

#[test]
fn a_broken_manifest_is_1_and_named_by_file_line_and_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    let tenant = |zone: &str, services: &str| {
        format!(
            "apiVersion: floorwalker.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: acme}}\nspec:\n  timeZone: {zone}\n\
             \x20 tier: critical\n  tenancy: shared\n  environments: [{{name: prod, namespaces: [acme-prod]}}]\n\
             \x20 {services}: [shop]\n"
        )
    };
    let file = folder.path().join("acme.yaml");
    fs::write(&file, tenant("Europe/Berlin", "services")).expect("written");
    assert!(ends(&Cli::bare(), &["check", "validate", path], 0).stdout.contains("acme"));
    for (zone, services, place) in
        [("Europe/Berlin", "servcies", "acme.yaml:9: spec.servcies"), ("CET", "services", "acme.yaml:5: spec.timeZone")]
    {
        fs::write(&file, tenant(zone, services)).expect("written");
        let refused = ends(&Cli::bare(), &["check", "validate", path], 1);
        assert!(refused.stdout.contains(place), "{}", refused.stdout);
    }
}

#[test]
fn a_mistyped_folder_or_file_is_2_and_named_as_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    let bare = Cli::bare();
    let empty = ends(&bare, &["check", "validate", path], 2);
    assert!(empty.stderr.contains(path) && empty.stderr.contains(".yaml"), "{}", empty.stderr);
    let file = folder.path().join("only-a-comment.yaml");
    fs::write(&file, "# nothing\n").expect("written");
    let file = file.to_str().expect("text");
    let blank = ends(&bare, &["check", "validate", file], 2);
    assert!(blank.stderr.contains(&format!("{file} holds no document")), "{}", blank.stderr);
    let missing = format!("{path}/missing.yaml");
    for words in [&["check", "run", "-f", &missing][..], &["check", "validate", &missing]] {
        let ended = ends(&bare, words, 2);
        assert!(ended.stderr.contains(&missing), "{}", ended.stderr);
    }
}

#[test]
fn a_file_that_is_no_plugin_is_said_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = harness::binary::workspace().join("plugins/http-probe/manifest.yaml");
    let dir = folder.path().join("local");
    let words = ["check", "run", "-f", manifest.to_str().expect("text"), "--component", "/etc/hostname", "--dir"];
    let ended = ends(&Cli::bare(), &[&words[..], &[dir.to_str().expect("text")]].concat(), 2);
    assert_eq!(ended.stderr.matches("not usable").count(), 1, "{}", ended.stderr);
}

#[test]
fn a_standalone_agent_without_its_folder_ends_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = std::process::Command::new(harness::binary::find("floorwalker-agent").expect("built"));
    agent.args(["--metrics-listen", "127.0.0.1:0", "--checks-dir", "/nope", "--data-dir"]).arg(folder.path());
    let output = agent.output().expect("starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--checks-dir /nope cannot be read: make the folder"), "{said}");
}

#[test]
fn help_and_completions_need_no_gate() {
    let bare = Cli::bare();
    assert!(ends(&bare, &["--help"], 0).stdout.contains("Exit codes"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(ends(&bare, &["completions", shell], 0).stdout.contains("floorwalker"), "{shell}");
    }
}

#[test]
fn a_gate_that_cannot_be_reached_is_4() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, harness::tls::Authority::new().expect("an authority").pem()).expect("written");
    // Port 1 is reserved and nobody listens there.
    let cli = Cli::at("https://127.0.0.1:1", &ca.display().to_string(), "fwt_a_b");
    let ended = ends(&cli, &["gate", "check", "--tenant", "acme", "--environment", "prod", "--service", "shop"], 4);
    assert!(!ended.stderr.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_goes_by_the_exit_codes() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_pipeline_goes_by_the_exit_codes", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let tenant = &stand.state.tenants[0];
    let (name, environment, service) = (tenant.name.as_str(), tenant.environment(), tenant.service());
    let pipeline = Cli::of(&stand.state, &tenant.tokens.pipeline);
    let registry = Client::plain(&stand.state.registry.url).expect("a client");
    let digest = push::tag_digest(&registry, &parts::repository(name), parts::TAG).await.expect("a digest");

    let create = [
        "release",
        "create",
        "--output",
        "json",
        "--tenant",
        name,
        "--service",
        service,
        "--class",
        "feature",
        "--subject",
    ];
    let release = id_of(&ends(&pipeline, &[&create[..], &[&digest]].concat(), 0));
    let question = |release: &'static str| {
        ["gate", "check", "--tenant", name, "--environment", environment, "--service", service, "--release", release]
    };
    let release: &'static str = release.leak();
    let waited = [&question(release)[..], &["--wait", "--deadline", "90s", "--output", "json"]].concat();
    let allow: Value = serde_json::from_str(&ends(&pipeline, &waited, 0).stdout).expect("JSON");
    assert_eq!(allow["decision"], "allow");
    let ticket = allow["ticket"].as_str().expect("a ticket").to_owned();
    assert!(ends(&pipeline, &question(release), 0).stdout.starts_with("ALLOW"));

    let start = ["release", "start", release, "--environment", environment, "--ticket", &ticket];
    ends(&pipeline, &start, 0);
    let again = ends(&pipeline, &start, 1);
    assert!(again.stderr.contains("TICKET_USED"), "{}", again.stderr);
    ends(&pipeline, &["release", "finish", release, "--environment", environment, "--outcome", "succeeded"], 0);

    // A digest that the tag does not have can never go.
    let other = format!("sha256:{}", "1".repeat(64));
    let wrong = id_of(&ends(&pipeline, &[&create[..], &[&other]].concat(), 0));
    let wrong: &'static str = wrong.leak();
    let deny = ends(&pipeline, &question(wrong), 1);
    assert!(deny.stdout.contains("DIGEST_MISMATCH"), "{}", deny.stdout);

    freeze(&stand);
    let frozen = until(Duration::from_secs(10), "the freeze", async || {
        let ended = pipeline.run(&question(release))?;
        Ok((ended.code == 3).then_some(ended))
    });
    let frozen = frozen.await.expect("frozen");
    assert!(frozen.stdout.contains("FROZEN") && frozen.stdout.contains("next allowed at"), "{}", frozen.stdout);
    let listed = ends(&pipeline, &["freeze", "list", "--tenant", name], 0);
    assert!(listed.stdout.contains("everything"), "{}", listed.stdout);
    let explained = ends(&pipeline, &[&["gate", "explain"], &question(release)[2..]].concat(), 0);
    assert!(explained.stdout.contains("FROZEN"), "{}", explained.stdout);
    ends(&pipeline, &[&question(release)[..], &["--action", "rollback"]].concat(), 0);

    let stranger = Cli::of(&stand.state, &stand.state.tenants[1].tokens.pipeline);
    ends(&stranger, &question(release), 5);
    ends(&Cli::of(&stand.state, "fwt_nobody_nothing"), &question(release), 5);
    ends(&pipeline, &["gate", "check", "--tenant", name, "--environment", "moon", "--service", service], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_checks_nodes_and_tokens() {
    if let Some(why) = registry::unavailable() {
        return skip::because("readers_see_checks_nodes_and_tokens", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let tenant = &stand.state.tenants[0];
    let admin = Cli::of(&stand.state, &tenant.tokens.tenant_admin);
    let checks: Value =
        serde_json::from_str(&ends(&admin, &["check", "list", "--output", "json"], 0).stdout).expect("JSON");
    assert!(checks.to_string().contains("odoo-order"), "{checks}");
    assert!(ends(&admin, &["check", "list"], 0).stdout.contains("odoo-order"));
    let nodes = ends(&admin, &["node", "list"], 0);
    for agent in &stand.state.agents {
        assert!(nodes.stdout.contains(&agent.node), "{}", nodes.stdout);
    }
    let created =
        ends(&admin, &["token", "create", "--tenant", &tenant.name, "--role", "viewer", "--expires", "1d"], 0);
    let token = created.stdout.lines().find(|line| line.starts_with("fwt_")).expect("a token");
    ends(&Cli::of(&stand.state, token), &["check", "list"], 0);
    ends(&Cli::of(&stand.state, token), &["token", "create", "--tenant", &tenant.name, "--role", "viewer"], 5);
}

fn id_of(ended: &Ended) -> String {
    let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    document["id"].as_str().expect("an id").to_owned()
}

/// A freeze of the first tenant that holds for a month.
fn freeze(stand: &Stand) {
    let namespace = &stand.state.tenants[0].namespace;
    let today = jiff::Zoned::now().date();
    let to = today.checked_add(30.days()).expect("not the end of time");
    let manifest = format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: FreezeRule\nmetadata: {{name: everything, namespace: {namespace}}}\n\
         spec:\n  owner: tests\n  effect: deny\n  match: {{}}\n  when:\n    timezone: tenant-local\n\
         \x20   once: [{{from: 2020-01-01T00:00, to: {to}T00:00}}]\n"
    );
    fs::write(stand.manifest("everything.yaml"), manifest).expect("written");
}
