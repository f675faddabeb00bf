//! Guests in league with a target: it sends them on, it lets its name point elsewhere, it drips. And one that looks for
//! what others keep.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api::grant::{Effective, GrantSet};
use api::limits::RunLimits;
use host::outcome::{HostReason, Outcome};
use host::{End, run};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::doubles::{Kept, Rebinds};
use crate::network::{granted, told};
use crate::server::{Server, ok, redirect};
use crate::stage::{Stage, call, plugin};

async fn asks(guest: &str, config: Value, grants: Effective, stage: &Stage) -> Outcome {
    let mut call = call(config);
    call.grants = grants;
    run(&plugin(guest), call, &stage.backends).await
}

#[tokio::test]
async fn redirect_to_metadata_is_refused_and_seen_although_the_guest_hides_it() {
    let server = Server::start(|_| redirect("http://169.254.169.254/latest/meta-data/iam/")).await;
    let (own, metadata) = (format!("http://{}", server.address), "http://169.254.169.254:80".to_owned());
    let config = json!({"url": server.url("/")});
    let grants = granted(std::slice::from_ref(&own), &["127.0.0.1/32"]);
    let outcome = asks("redirect_to_metadata", config.clone(), grants, &Stage::new()).await;
    assert_eq!(told(&outcome), ["nothing of interest"]);
    let remedy = "add to the Check: spec.grants.http: [\"http://169.254.169.254:80\"]";
    assert_eq!((outcome.denials.len(), outcome.denials[0].remedy.as_str()), (1, remedy));

    // Whoever grants it by mistake has granted an origin and no address.
    let grants = granted(&[own, metadata], &["127.0.0.1/32"]);
    let outcome = asks("redirect_to_metadata", config, grants, &Stage::new()).await;
    assert_eq!(outcome.denials[0].subject, "http://169.254.169.254:80 at 169.254.169.254");
    assert!(outcome.requests[1].phases.connect.is_none(), "nothing was connected to");
}

#[tokio::test]
async fn redirect_to_forbidden_host_is_refused_before_it_is_connected_to() {
    let forbidden = Server::start(|_| ok("private")).await;
    let to = forbidden.url("/");
    let server = Server::start(move |_| redirect(&to)).await;
    let grants = granted(&[format!("http://{}", server.address)], &["127.0.0.1/32"]);
    let outcome = asks("redirect_to_forbidden_host", json!({"url": server.url("/")}), grants, &Stage::new()).await;
    assert_eq!(told(&outcome), ["nothing of interest"]);
    let remedy = format!("add to the Check: spec.grants.http: [\"http://{}\"]", forbidden.address);
    assert_eq!((outcome.denials.len(), outcome.denials[0].remedy.as_str()), (1, remedy.as_str()));
    assert!(forbidden.seen().is_empty());
}

#[tokio::test]
async fn dns_rebinding_meets_the_judgement_of_each_address_anew() {
    let (open, private) = (Server::start(|_| ok("open")).await, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)));
    // The victim listens on the very port that is granted, at the address the name is turned to.
    let victim = TcpListener::bind((private, open.address.port())).await.expect("the address of the loop");
    let names = Rebinds { asked: AtomicU32::new(0), first: open.address.ip(), then: private };
    let stage = Stage::with(names, Vec::new());
    let origin = format!("http://rebind.example:{}", open.address.port());
    let grants = granted(std::slice::from_ref(&origin), &["127.0.0.1/32"]);
    let outcome = asks("dns_rebinding", json!({"url": origin, "times": 4}), grants, &stage).await;
    assert_eq!(told(&outcome), ["open", "capability-denied"]);
    let remedy = "ask the platform to add to the Tenant: spec.ceiling.addresses: [\"127.0.0.2/32\"]";
    assert_eq!(outcome.denials[0].remedy, remedy);
    assert_eq!((open.seen().len(), outcome.denials.len()), (1, 3), "each time anew: nothing is kept of a name");
    let knocked = tokio::time::timeout(Duration::from_millis(50), victim.accept()).await;
    assert!(knocked.is_err(), "nothing was connected to");
}

#[tokio::test]
async fn slow_drip_ends_with_the_wall_clock() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let dripping = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
            while stream.write_all(b".").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let mut call = call(json!({"url": format!("http://{address}/")}));
    call.grants = granted(&[format!("http://{address}")], &["127.0.0.1/32"]);
    call.limits = RunLimits { wall_ms: 1_000, ..RunLimits::DEFAULT };
    let outcome = run(&plugin("slow_drip"), call, &Stage::new().backends).await;
    let limit = Duration::from_secs(1);
    assert!(matches!(outcome.end, End::Deadline { limit: had, .. } if had == limit), "{:?}", outcome.end);
    let first = outcome.requests[0].error.as_ref().map(|error| error.reason);
    assert!(matches!(first, None | Some(HostReason::DeadlineExceeded)), "{first:?}");
    assert!(outcome.usage.cpu < limit, "waiting costs nothing: {:?}", outcome.usage.cpu);
    assert_eq!(outcome.steps[0].name, "drink");
    assert!(asked.load(Ordering::Relaxed) >= 1);
    dripping.abort();
}

#[tokio::test]
async fn other_tenants_state_is_not_there_under_any_name() {
    let mut stage = Stage::new();
    stage.backends.state = Arc::new(Kept::default());
    let guest = plugin("other_tenants_state");
    let owner = call(json!({"keep": "the canary"}));
    assert_eq!(told(&run(&guest, owner, &stage.backends).await), ["found the canary"]);
    let tries =
        json!({"tries": ["../acme/checkout", "acme/checkout", "/state/acme/checkout", "canary\0", "", "../canary"]});
    for (tenant, check) in [("other", "checkout"), ("acme", "other"), ("", "checkout"), ("acme/checkout", "")] {
        let mut stranger = call(tries.clone());
        (stranger.owner.tenant, stranger.owner.check) = (tenant.to_owned(), check.to_owned());
        // Granted the file, it still sees the node through its backend alone.
        let set = GrantSet { node_files: vec!["/state/acme/checkout".parse().expect("a path")], ..GrantSet::default() };
        stranger.grants = Effective { grants: set.clone(), ceiling: set, addresses: Vec::new() };
        let outcome = run(&guest, stranger, &stage.backends).await;
        assert_eq!(told(&outcome), ["found nothing"], "{tenant} {check}");
    }
}
