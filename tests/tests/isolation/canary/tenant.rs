//! The canary: a tenant whose names, labels, configurations, messages, secrets, components and digests all carry the
//! marker, whose checks pass, fail, ask for what they were not granted and lack their secret, and which releases.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use harness::{binary, http::Client, stand::Stand, until::until};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{SOON, asking::Things};

/// In every string; nobody else writes it.
pub(super) const MARKER: &str = "kanari7q";
/// Checks that report: one passes, one fails, one asks what it was not granted, one misses its database.
const REPORTING: [&str; 4] = ["passes", "fails", "denied", "journey"];

/// The canary, settled.
pub(super) struct Canary {
    viewer: String,
    things: Things,
    /// Ids and digests that are its own.
    ids: BTreeSet<String>,
}

impl Canary {
    /// Puts it in force, and waits until it has something of everything.
    pub(super) async fn settle(stand: &Stand) -> Self {
        let component = component();
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&component)));
        let folder = stand.manifest(MARKER);
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(format!("{MARKER}.wasm")), component).expect("written");
        secret(&stand.secrets());
        fs::write(folder.join(format!("{MARKER}.yaml")), manifests(&stand.state.shop.url, &digest)).expect("written");
        let viewer = stand.token(MARKER, "viewer").expect("a token");
        let admin = stand.token(MARKER, "tenant-admin").expect("a token");
        let client = stand.client().expect("a client");
        let released = format!("sha256:{}", hex::encode(Sha256::digest(MARKER)));
        let service = format!("{MARKER}-shop");
        let mut things = Things::of(MARKER, &format!("{MARKER}-prod"), &service, &released);
        let mut ids = reported(&client.with_token(&viewer)).await;
        things.check = ids.first().expect("checks").clone();
        things.make(&client.with_token(&admin)).await;
        ids.extend([&things.release, &things.decision, &things.token].map(Clone::clone));
        ids.extend([&digest, &released].map(|digest| digest.trim_start_matches("sha256:").to_owned()));
        ids.extend([&viewer, &admin].map(|token| token.split('_').nth(1).expect("an id").to_owned()));
        Self { viewer, things, ids }
    }

    pub(super) fn things(&self) -> Things {
        self.things.clone()
    }

    /// Everything that gives it away, in lower case.
    pub(super) fn markers(&self) -> BTreeSet<String> {
        let mut markers = self.ids.clone();
        markers.insert(MARKER.to_owned());
        assert!(markers.iter().all(|marker| marker.len() >= MARKER.len()), "{markers:?}");
        markers
    }

    /// The search means something: what is searched for is there, for whom it belongs to.
    pub(super) async fn sees_itself(&self, client: &Client) {
        let viewer = client.with_token(&self.viewer);
        let check = &self.things.check;
        for path in
            ["/v1/checks".to_owned(), "/v1/freezes".to_owned(), "/v1/nodes".to_owned(), format!("/v1/checks/{check}")]
        {
            let seen = viewer.get(&path).await.expect("an answer").text();
            assert!(seen.contains(MARKER), "{path}: {seen}");
        }
        for path in [format!("/v1/releases/{}", self.things.release), format!("/v1/decisions/{}", self.things.decision)]
        {
            assert_eq!(viewer.get(&path).await.expect("an answer").status, 200, "{path}");
        }
    }
}

/// Waits until each check has reported; the ids of all.
async fn reported(viewer: &Client) -> BTreeSet<String> {
    let all = until(SOON, "results of the canary's checks", async || {
        let page = viewer.get("/v1/checks").await?.json()?;
        let checks = page["items"].as_array().cloned().unwrap_or_default();
        let ran = |name: &str| {
            let named = checks.iter().find(|check| check["name"] == format!("{MARKER}-{name}"));
            let nodes = named.and_then(|check| check["nodes"].as_array()).into_iter().flatten();
            nodes.filter(|node| node["observed_at"].is_string()).count() > 0
        };
        let id = |check: &Value| check["id"].as_str().expect("an id").to_owned();
        Ok(REPORTING.iter().all(|name| ran(name)).then(|| checks.iter().map(id).collect()))
    });
    all.await.expect("results")
}

/// The probe under another digest: a custom section of its own behind it.
fn component() -> Vec<u8> {
    let mut component = fs::read(binary::component("http-probe").expect("built")).expect("a component");
    let name = u8::try_from(MARKER.len()).expect("short");
    // Section 0; its length; the length of its name; the name.
    component.extend([0, name + 1, name]);
    component.extend(MARKER.as_bytes());
    component
}

fn secret(folder: &Path) {
    let folder = folder.join(format!("{MARKER}-prod")).join(format!("{MARKER}-secret"));
    fs::create_dir_all(&folder).expect("made");
    let file = folder.join(format!("{MARKER}-key"));
    fs::write(&file, format!("{MARKER}-password")).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
}

/// All kinds there are, and a document that is refused.
fn manifests(shop: &str, digest: &str) -> String {
    let m = MARKER;
    let head = |kind: &str, name: &str, rest: &str| {
        let own = if kind == "Tenant" { String::new() } else { format!(", namespace: {m}-prod") };
        let labels = format!("labels: {{{m}-label: {m}}}");
        format!(
            "apiVersion: floorwalker.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{own}, {labels}}}\nspec: {{{rest}}}\n"
        )
    };
    let check = |name: &str, rest: &str| {
        let usual =
            format!("service: {m}-shop, runInterval: 5s, timeout: 5s, alert: {{failures: 1, of: 1, recover: 1}}");
        head("Check", &format!("{m}-{name}"), &format!("{usual}, {rest}"))
    };
    let probe = |name: &str, url: &str, grant: &str| {
        let config = format!("config: {{url: \"{url}\"}}, grants: {{http: [\"{grant}\"]}}");
        check(name, &format!("plugin: {m}-probe, {config}, placement: {{mode: EveryNode}}"))
    };
    let journey = |secret: &str| {
        let secrets = format!("secrets: [{{name: {m}-name, from: {{secret: {m}-{secret}, key: {m}-key}}}}]");
        format!(
            "plugin: odoo-order, config: {{baseUrl: \"{shop}\", database: {m}, login: {m}, passwordSecret: {m}-name, \
             partner: {{ref: {m}}}, product: {{code: {m}}}}}, {secrets}, grants: {{http: [\"{shop}\"]}}, \
             placement: {{mode: Once}}, mutating: true"
        )
    };
    let store = format!("{{name: {m}-store, region: {m}, unit: {m}, timeZone: Europe/Berlin}}");
    let tenant = format!(
        "timeZone: Europe/Berlin, locations: [{store}], environments: [{{name: {m}-prod, namespaces: [{m}-prod]}}], \
         services: [{m}-shop], ceiling: {{http: [\"{shop}\", \"http://{m}.example:80\"], addresses: [127.0.0.0/8]}}"
    );
    let freeze = format!(
        "owner: {m}, reference: {m}, effect: deny, match: {{}}, message: {m}, \
         when: {{timezone: tenant-local, once: [{{from: 2020-01-01T00:00, to: 2099-01-01T00:00}}]}}"
    );
    [
        head("Tenant", m, &tenant),
        head("Plugin", &format!("{m}-probe"), &format!("source: {{file: {m}.wasm}}, digest: \"{digest}\"")),
        probe("passes", &format!("{shop}/web/health?{m}"), shop),
        probe("fails", &format!("{shop}/{m}"), shop),
        probe("denied", &format!("http://{m}.example/"), shop),
        check("journey", &journey("secret")),
        check("missing", &journey("none")),
        head("FreezeRule", &format!("{m}-freeze"), &freeze),
        head(
            "ReleasePolicy",
            &format!("{m}-policy"),
            &format!("requirements: {{checks: [{{labels: {{{m}-label: {m}}}}}]}}"),
        ),
        head("Check", &format!("{m}-broken"), &format!("plugin: {m}-none")),
    ]
    .join("---\n")
}
