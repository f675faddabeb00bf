//! Guests that ask what they were not granted, and hosts that send them there.

use std::sync::Mutex;

use api::grant::{Effective, GrantSet};
use api::limits::RunLimits;
use host::outcome::{HostReason, Outcome};
use host::{Call, End, Secret, run};
use serde_json::json;

use crate::doubles::{Names, Stalls};
use crate::server::{Server, ok, redirect};
use crate::stage::{Stage, call, plugin};

pub(crate) fn granted(origins: &[String], addresses: &[&str]) -> Effective {
    let http: Vec<_> = origins.iter().map(|origin| origin.parse().expect("an origin")).collect();
    let set = GrantSet { http, ..GrantSet::default() };
    let addresses = addresses.iter().map(|range| range.parse().expect("a range")).collect();
    Effective { grants: set.clone(), ceiling: set, addresses }
}

pub(crate) fn asking(urls: &[String], grants: Effective) -> Call {
    let mut call = call(json!({"urls": urls, "redirects": 3}));
    call.grants = grants;
    call
}

/// What the guest was told, line by line.
pub(crate) fn told(outcome: &Outcome) -> Vec<String> {
    let End::Verdict(verdict) = &outcome.end else { panic!("{:?}", outcome.end) };
    verdict.summary.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn forbidden_host_is_refused_with_the_line_that_allows_it() {
    let server = Server::start(|_| ok("secret")).await;
    let outcome =
        run(&plugin("forbidden_host"), asking(&[server.url("/")], Effective::default()), &Stage::new().backends).await;
    let remedy = format!("add to the Check: spec.grants.http: [\"http://{}\"]", server.address);
    assert_eq!(told(&outcome), [format!("capability-denied: {remedy}")]);
    assert_eq!((outcome.denials.len(), outcome.denials[0].remedy.as_str()), (1, remedy.as_str()));
    assert_eq!(outcome.requests[0].error.as_ref().map(|error| error.reason), Some(HostReason::CapabilityDenied));

    let origin = format!("http://{}", server.address);
    let mut grants = granted(std::slice::from_ref(&origin), &[]);
    grants.ceiling.http.clear();
    let outcome = run(&plugin("forbidden_host"), asking(&[server.url("/")], grants), &Stage::new().backends).await;
    assert_eq!(
        told(&outcome),
        [format!("capability-denied: ask the platform to add to the Tenant: spec.ceiling.http: [\"{origin}\"]")]
    );

    let grants = granted(&[origin], &[]);
    let outcome = run(&plugin("forbidden_host"), asking(&[server.url("/")], grants), &Stage::new().backends).await;
    let line = "capability-denied: ask the platform to add to the Tenant: spec.ceiling.addresses: [\"127.0.0.1/32\"]";
    assert_eq!(told(&outcome), [line]);
    assert!(server.seen().is_empty(), "nothing was connected to");
}

#[tokio::test]
async fn what_is_granted_is_asked_and_reported() {
    let server = Server::start(|_| ok("hello")).await;
    let grants = granted(&[format!("http://{}", server.address)], &["127.0.0.1/32"]);
    let mut call = asking(&[server.url("/a?b=c")], grants);
    call.trace_parent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let outcome = run(&plugin("forbidden_host"), call, &Stage::new().backends).await;
    assert_eq!(told(&outcome), ["200 hello"]);
    let report = &outcome.requests[0];
    assert_eq!((report.status, report.body_bytes, outcome.usage.requests), (Some(200), 5, 1));
    assert!(report.phases.resolve.is_none(), "an address is not resolved");
    assert!(report.phases.connect.is_some() && report.phases.processing.is_some() && report.phases.tls.is_none());
    let head = server.seen().remove(0);
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.address)), "{head}");
    assert!(head.contains("user-agent: floorwalker/") && head.contains("traceparent: 00-0af7"), "{head}");
}

#[tokio::test]
async fn names_are_judged_by_their_addresses() {
    let hosts = [("meta.example", "169.254.169.254"), ("mapped.example", "::ffff:127.0.0.1"), ("six.example", "::1")];
    let stage = Stage::with(Names::of(&hosts), Vec::new());
    let urls: Vec<String> = hosts.iter().map(|(name, _)| format!("http://{name}:80/")).collect();
    let mut origins: Vec<String> = hosts.iter().map(|(name, _)| format!("http://{name}:80")).collect();
    origins.push("http://nowhere.example:80".to_owned());
    let mut asked = urls.clone();
    asked.push("http://nowhere.example:80/".to_owned());
    let outcome = run(&plugin("forbidden_host"), asking(&asked, granted(&origins, &[])), &stage.backends).await;
    let told = told(&outcome);
    assert!(told[0].ends_with("spec.ceiling.addresses: [\"169.254.169.254/32\"]"), "{}", told[0]);
    assert!(told[1].ends_with("spec.ceiling.addresses: [\"::ffff:127.0.0.1/128\"]"), "{}", told[1]);
    assert!(told[2].ends_with("spec.ceiling.addresses: [\"::1/128\"]"), "{}", told[2]);
    assert!(told[3].starts_with("dns-failure: nowhere.example"), "{}", told[3]);
    assert!(outcome.requests[3].phases.resolve.is_some() && outcome.requests[3].phases.connect.is_none());
}

#[tokio::test]
async fn stalled_names_keep_nobody_else_waiting_and_blame_no_target() {
    let server = Server::start(|_| ok("hello")).await;
    let (release, stalled) = std::sync::mpsc::channel();
    let names = Stalls(Names::of(&[("shop.example", "127.0.0.1")]), Mutex::new(stalled));
    let stage = Stage::with(names, Vec::new());
    let shop = format!("http://shop.example:{}", server.address.port());
    // Eight look-ups are what the tenant may have; the ninth gets no place, however long its own name would take.
    let urls: Vec<_> = (0..9).map(|n| format!("http://stalled-{n}.example:80")).collect();
    let mut greedy = asking(&urls, granted(&urls, &[]));
    greedy.config_json = json!({"urls": urls, "timeout_ms": 100}).to_string();
    let outcome = run(&plugin("forbidden_host"), greedy, &stage.backends).await;
    let greedy = told(&outcome);
    assert!(greedy[..8].iter().all(|line| line.starts_with("dns-failure")), "{greedy:?}");
    assert!(greedy[8].starts_with("quota-exceeded: the node resolves"), "{greedy:?}");
    assert!(outcome.requests[8].phases.resolve.is_none());

    let mut modest = asking(std::slice::from_ref(&shop), granted(std::slice::from_ref(&shop), &["127.0.0.1/32"]));
    modest.owner.tenant = "other".to_owned();
    assert_eq!(told(&run(&plugin("forbidden_host"), modest, &stage.backends).await), ["200 hello"]);
    drop(release);
}

#[tokio::test]
async fn redirects_are_judged_anew() {
    let elsewhere = Server::start(|_| ok("elsewhere")).await;
    let away = elsewhere.url("/");
    let server = Server::start(move |path| match path {
        "/metadata" => redirect("http://169.254.169.254/latest/meta-data/"),
        "/away" => redirect(&away),
        "/file" => redirect("file:///etc/passwd"),
        "/here" => redirect("/there"),
        "/forever" => redirect("/forever"),
        _ => ok("there"),
    })
    .await;
    let grants = granted(&[format!("http://{}", server.address)], &["127.0.0.1/32"]);
    let urls: Vec<_> =
        ["/metadata", "/away", "/file", "/here", "/forever"].iter().map(|path| server.url(path)).collect();
    let outcome = run(&plugin("forbidden_host"), asking(&urls, grants), &Stage::new().backends).await;
    let told = told(&outcome);
    let remedy = |origin: &str| format!("capability-denied: add to the Check: spec.grants.http: [\"{origin}\"]");
    assert_eq!(told[0], remedy("http://169.254.169.254:80"));
    assert_eq!(told[1], remedy(&format!("http://{}", elsewhere.address)));
    assert!(told[2].starts_with("protocol-error"), "{}", told[2]);
    assert_eq!(told[3], "200 there");
    assert_eq!(told[4], "302 ", "the last answer, once the redirects are used up");
    assert!(elsewhere.seen().is_empty());
    assert_eq!(outcome.usage.requests, 2 + 2 + 1 + 2 + 4, "each hop counts, refused ones too");
}

#[tokio::test]
async fn a_redirect_longer_than_a_url_ends_the_request_and_not_the_host() {
    let server = Server::start(|path| match path {
        "/" => redirect(&format!("/{}", "<".repeat(22_000))),
        _ => ok("never asked"),
    })
    .await;
    let grants = granted(&[format!("http://{}", server.address)], &["127.0.0.1/32"]);
    let outcome = run(&plugin("forbidden_host"), asking(&[server.url("/")], grants), &Stage::new().backends).await;
    assert_eq!(told(&outcome), ["protocol-error: the URL has over 8 KiB"]);
    assert_eq!((server.seen().len(), outcome.requests[0].status), (1, Some(302)));
}

#[tokio::test]
async fn a_secret_goes_to_its_origin_and_into_no_report() {
    let elsewhere = Server::start(|_| ok("elsewhere")).await;
    let away = elsewhere.url("/");
    let server = Server::start(move |path| match path {
        "/away" => redirect(&away),
        // A target that tells what it was sent.
        _ => ok("your key is hunter2!"),
    })
    .await;
    let origins = [format!("http://{}", server.address), format!("http://{}", elsewhere.address)];
    let config = json!({"urls": [server.url("/"), server.url("/away")], "redirects": 1, "secret": "api-key"});
    let mut with_secret = call(config.clone());
    with_secret.grants = granted(&origins, &["127.0.0.1/32"]);
    with_secret.secrets.insert("api-key".to_owned(), Secret::new(b"hunter2".to_vec()));
    let outcome = run(&plugin("forbidden_host"), with_secret, &Stage::new().backends).await;
    assert_eq!(told(&outcome), ["200 your key is ***!", "200 elsewhere"]);
    assert!(server.seen().iter().all(|head| head.contains("x-key: hunter2\r\n")));
    assert!(!elsewhere.seen()[0].contains("x-key"), "{}", elsewhere.seen()[0]);

    let mut without = call(config);
    without.grants = granted(&origins, &["127.0.0.1/32"]);
    let outcome = run(&plugin("forbidden_host"), without, &Stage::new().backends).await;
    assert!(told(&outcome)[0].starts_with("prerequisite-missing"), "{:?}", told(&outcome));
}

#[tokio::test]
async fn requests_are_counted_over_the_run() {
    let server = Server::start(|_| ok("x")).await;
    let grants = granted(&[format!("http://{}", server.address)], &["127.0.0.1/32"]);
    let mut call = asking(&vec![server.url("/"); 6], grants);
    call.limits = RunLimits { requests: 4, ..RunLimits::DEFAULT };
    let outcome = run(&plugin("forbidden_host"), call, &Stage::new().backends).await;
    let told = told(&outcome);
    assert_eq!(told.iter().filter(|line| *line == "200 x").count(), 4, "{told:?}");
    assert!(told[5].starts_with("quota-exceeded"), "{}", told[5]);
    assert_eq!(outcome.usage.requests, 4);
}

#[tokio::test]
async fn nobody_listening_and_nonsense_are_told_apart() {
    let server = Server::start(|_| "not HTTP\r\n\r\n".to_owned()).await;
    let closed = Server::start(|_| ok("")).await.address;
    let grants = granted(&[format!("http://{}", server.address), format!("http://{closed}")], &["127.0.0.0/8"]);
    let urls = [server.url("/"), format!("http://{closed}/")];
    let outcome = run(&plugin("forbidden_host"), asking(&urls, grants), &Stage::new().backends).await;
    let told = told(&outcome);
    assert!(told[0].starts_with("protocol-error"), "{}", told[0]);
    assert!(told[1].starts_with("connect-refused"), "{}", told[1]);
}

#[tokio::test]
async fn a_silent_host_is_left_when_the_request_says_so() {
    // Accepted by the kernel, answered by nobody.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("bound");
    let grants = granted(&[format!("http://{address}")], &["127.0.0.1/32"]);
    let mut call = call(json!({"urls": [format!("http://{address}/")], "timeout_ms": 100}));
    call.grants = grants;
    let outcome = run(&plugin("forbidden_host"), call, &Stage::new().backends).await;
    assert!(told(&outcome)[0].starts_with("deadline-exceeded"), "the guest could still say so");
}
