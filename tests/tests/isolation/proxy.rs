//! Variables that lead other programs to a proxy lead an agent nowhere: neither its checks nor its reports.

use std::{fs, io, net::TcpListener, time::Duration};

use harness::{
    http::Client,
    real::registry,
    serve::{self, Pages},
    skip,
    stand::Stand,
    tls::Authority,
    until::until,
};
use jiff::Timestamp;
use serde_json::Value;

const NODE: &str = "node-3";
/// A check runs every five seconds, after its plugin was compiled; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn proxy_variables_lead_an_agent_nowhere() {
    if let Some(why) = registry::unavailable() {
        return skip::because("proxy_variables_lead_an_agent_nowhere", &why);
    }
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.set_nonblocking(true).expect("set");
    let address = format!("http://{}", proxy.local_addr().expect("bound"));
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let mut environment: Vec<(&str, &str)> = names.iter().map(|name| (*name, address.as_str())).collect();
    // Whoever reads the others reads these too: nothing is excepted.
    environment.extend([("NO_PROXY", "nothing.example"), ("no_proxy", "nothing.example")]);

    let authority = Authority::new().expect("an authority");
    let identity = authority.issue(&["localhost", "127.0.0.1"], Timestamp::now(), 30).expect("a certificate");
    let pages = || Pages::from([("/", (200, vec![], "here".to_owned()))]);
    let (plain, tls) =
        (serve::plain(pages()).await.expect("a server"), serve::tls(pages(), &identity).await.expect("one"));

    let stand = Stand::start().await.expect("a stand");
    let roots = stand.folder().join("roots.pem");
    fs::write(&roots, authority.pem()).expect("written");
    let flags = ["--target-ca", roots.to_str().expect("a path")];
    let (_agent, metrics) = stand.agent(NODE, &environment, &flags).await.expect("an agent");
    fs::write(stand.manifest("proxied.yaml"), manifests(&[("plain", &plain.url), ("tls", &tls.url)])).expect("written");
    let viewer = stand.client().expect("a client").with_token(&stand.token("proxied", "viewer").expect("a token"));
    for name in ["plain", "tls"] {
        let passed = until(SOON, "a good run over the aggregator", async || {
            let page: Value = viewer.get("/v1/checks?tenant=proxied").await?.json()?;
            let checks = page["items"].as_array().into_iter().flatten();
            let mut nodes =
                checks.filter(|check| check["name"] == name).flat_map(|check| check["nodes"].as_array()).flatten();
            Ok(nodes.any(|node| node["node"] == NODE && node["state"] == "passing").then_some(()))
        });
        passed.await.expect(name);
    }
    let own = Client::plain(&metrics).expect("a client").get("").await.expect("metrics").text();
    assert!(own.lines().any(|line| line.starts_with("probe_success{") && line.ends_with(" 1")), "{own}");
    let came = proxy.accept().expect_err("nobody comes to the proxy");
    assert_eq!(came.kind(), io::ErrorKind::WouldBlock);
}

/// A tenant whose checks ask two servers of this machine, by its address and by its name.
fn manifests(targets: &[(&str, &str)]) -> String {
    let origins = targets.iter().map(|(_, url)| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
    let tenant = format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: proxied}}\nspec:\n  timeZone: Europe/Berlin\n\
         \x20 environments: [{{name: prod, namespaces: [proxied-prod]}}]\n  services: [shop]\n\
         \x20 ceiling: {{http: [{origins}], addresses: [127.0.0.0/8, \"::1/128\"]}}\n"
    );
    let check = |(name, url): &(&str, &str)| {
        format!(
            "---\napiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: {name}, namespace: proxied-prod}}\nspec:\n\
             \x20 plugin: http-probe\n  config: {{url: \"{url}/\"}}\n  grants: {{http: [\"{url}\"]}}\n\
             \x20 runInterval: 5s\n  timeout: 5s\n  placement: {{mode: EveryNode}}\n"
        )
    };
    tenant + &targets.iter().map(check).collect::<String>()
}
