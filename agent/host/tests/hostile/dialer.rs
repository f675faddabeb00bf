//! The table of addresses through a real guest and the real dialer: each refused address as a literal, behind a name, as
//! a name's second answer and as a redirect. Nothing but loopback is ever connected to.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use host::outcome::Outcome;
use host::{Resolve, run};
use url::Url;

use crate::network::{asking, granted, told};
use crate::server::{Server, ok, redirect};
use crate::stage::{Stage, plugin};

const TABLE: &str = include_str!("../addresses.txt");
/// Addresses asked for in one run: what the guest tells of them has 1 KiB, and a refusal 140 bytes at most.
pub(crate) const AT_ONCE: usize = 7;

/// Every address of the table that is refused where nothing is opened.
fn refused() -> Vec<IpAddr> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.starts_with("open"));
    let words = lines.flat_map(|line| line.split_whitespace().skip(1).take(2));
    let addresses = words.filter(|word| *word != "-").map(|word| word.parse().expect("an address"));
    let refused: Vec<IpAddr> = addresses.collect();
    assert!(refused.len() > 100, "the table is there");
    refused
}

/// The same where 127.0.0.1 is opened for a server: public addresses that carry it are open with it.
fn refused_beside_a_server() -> Vec<IpAddr> {
    let opened = ["127.0.0.1", "64:ff9b::127.0.0.1", "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:127.0.0.1"];
    let opened = opened.map(|text| text.parse::<IpAddr>().expect("an address"));
    refused().into_iter().filter(|address| !opened.contains(address)).collect()
}

/// A URL as it is written everywhere, and its origin as a grant names it.
pub(crate) fn url(text: &str) -> (String, String) {
    let url = Url::parse(text).expect(text);
    let origin = format!("http://{}:{}", url.host_str().expect("a host"), url.port_or_known_default().expect("a port"));
    (url.to_string(), origin)
}

fn literal(address: IpAddr) -> (String, String) {
    match address {
        IpAddr::V4(v4) => url(&format!("http://{v4}/")),
        IpAddr::V6(v6) => url(&format!("http://[{v6}]/")),
    }
}

/// Opens 127.0.0.1, where the test's servers are.
pub(crate) const SERVERS: &[&str] = &["127.0.0.1/32"];

/// What a guest is told that asks for URLs whose origins are granted, where the ceiling opens some ranges.
pub(crate) async fn asked(
    urls: &[String],
    origins: &[String],
    ranges: &[&str],
    stage: &Stage,
) -> (Vec<String>, Outcome) {
    let outcome = run(&plugin("forbidden_host"), asking(urls, granted(origins, ranges)), &stage.backends).await;
    (told(&outcome), outcome)
}

/// The line that names a range of the ceiling: granted, resolved, and refused for what it is.
#[track_caller]
fn is_refused(line: &str, address: IpAddr) {
    let wanted = "capability-denied: ask the platform to add to the Tenant: spec.ceiling.addresses: [";
    assert!(line.starts_with(wanted), "{address}: {line}");
}

/// A resolver whose answers a name's owner changes from one look-up to the next; the last one stays.
#[derive(Clone, Default)]
pub(crate) struct Lying {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl Lying {
    pub(crate) fn say(&mut self, name: &str, answers: &[&[IpAddr]]) {
        self.answers.insert(name.to_owned(), answers.iter().map(|answer| answer.to_vec()).collect());
    }

    fn asked(&self, name: &str) -> usize {
        self.asked.lock().expect("no look-up panics").get(name).copied().unwrap_or_default()
    }
}

impl Resolve for Lying {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let answers = self.answers.get(name).ok_or_else(|| io::Error::other("no such name"))?;
        let mut asked = self.asked.lock().expect("no look-up panics");
        let asked = asked.entry(name.to_owned()).or_default();
        *asked += 1;
        Ok(answers[(*asked - 1).min(answers.len() - 1)].clone())
    }
}

#[tokio::test]
async fn special_addresses_are_refused_as_literals() {
    for addresses in refused().chunks(AT_ONCE) {
        let (urls, origins): (Vec<_>, Vec<_>) = addresses.iter().map(|address| literal(*address)).unzip();
        let (told, outcome) = asked(&urls, &origins, &[], &Stage::new()).await;
        for ((line, address), report) in told.iter().zip(addresses).zip(&outcome.requests) {
            is_refused(line, *address);
            assert!(report.phases.connect.is_none() && report.phases.resolve.is_none(), "{address}");
        }
        assert_eq!((told.len(), outcome.denials.len()), (addresses.len(), addresses.len()));
    }
}

#[tokio::test]
async fn special_addresses_are_refused_behind_names() {
    for addresses in refused().chunks(AT_ONCE) {
        let mut names = Lying::default();
        let (urls, origins): (Vec<_>, Vec<_>) = addresses
            .iter()
            .enumerate()
            .map(|(n, address)| {
                let name = format!("n{n}.example");
                names.say(&name, &[&[*address]]);
                url(&format!("http://{name}/"))
            })
            .unzip();
        let (told, outcome) = asked(&urls, &origins, &[], &Stage::with(names, vec![])).await;
        for ((line, address), report) in told.iter().zip(addresses).zip(&outcome.requests) {
            is_refused(line, *address);
            assert!(report.phases.connect.is_none() && report.phases.resolve.is_some(), "{address}");
        }
        assert_eq!(told.len(), addresses.len());
    }
}

/// DNS rebinding: the first look-up gives an address that is open, the next one another. Each request looks up once and
/// judges what it got; nothing is kept from the first.
#[tokio::test]
async fn a_name_that_changes_between_look_ups_is_judged_each_time() {
    let server = Server::start(|path| if path == "/" { redirect("/again") } else { ok("never asked") }).await;
    let (open, port) = (server.address.ip(), server.address.port());
    let mut before = 0;
    for addresses in refused_beside_a_server().chunks(AT_ONCE) {
        let mut names = Lying::default();
        let (urls, origins): (Vec<_>, Vec<_>) = addresses
            .iter()
            .enumerate()
            .map(|(n, address)| {
                let name = format!("n{n}.example");
                names.say(&name, &[&[open], &[*address]]);
                url(&format!("http://{name}:{port}/"))
            })
            .unzip();
        let (told, _) = asked(&urls, &origins, SERVERS, &Stage::with(names.clone(), vec![])).await;
        assert_eq!(told.len(), addresses.len());
        for (n, (line, address)) in told.iter().zip(addresses).enumerate() {
            is_refused(line, *address);
            assert_eq!(names.asked(&format!("n{n}.example")), 2, "one look-up a hop: {address}");
        }
        let seen = server.seen();
        assert!(seen[before..].iter().all(|head| head.starts_with("GET / ")), "the second hop went nowhere");
        assert_eq!(seen.len() - before, addresses.len());
        before = seen.len();
    }
}

/// The connection goes to the very address that was judged: it is not looked up again on the way.
#[tokio::test]
async fn only_the_judged_address_is_connected_to() {
    let server = Server::start(|_| ok("judged")).await;
    let (open, port) = (server.address.ip(), server.address.port());
    let beside: IpAddr = [127, 0, 0, 2].into();
    let other = std::net::TcpListener::bind((beside, port)).expect("the port of 127.0.0.1, at 127.0.0.2");
    other.set_nonblocking(true).expect("set");
    let mut names = Lying::default();
    names.say("changes.example", &[&[open], &[beside]]);
    names.say("both.example", &[&[beside, open]]);
    let (urls, origins): (Vec<_>, Vec<_>) =
        ["changes", "both"].iter().map(|name| url(&format!("http://{name}.example:{port}/"))).unzip();
    let (told, _) = asked(&urls, &origins, SERVERS, &Stage::with(names.clone(), vec![])).await;
    assert_eq!(told, ["200 judged", "200 judged"]);
    assert_eq!((names.asked("changes.example"), server.seen().len()), (1, 2));
    let came = other.accept().expect_err("nobody");
    assert_eq!(came.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn special_addresses_are_refused_as_redirects() {
    let all: Vec<IpAddr> = refused_beside_a_server();
    let mut names = Lying::default();
    let mut targets = vec![];
    for (n, address) in all.iter().enumerate() {
        let name = format!("n{n}.example");
        names.say(&name, &[&[*address]]);
        targets.push(literal(*address));
        targets.push(url(&format!("http://{name}/")));
    }
    let to: Vec<String> = targets.iter().map(|(url, _)| url.clone()).collect();
    let server = Server::start(move |path| {
        let at: usize = path.trim_start_matches('/').parse().expect("a number");
        redirect(&to[at])
    })
    .await;
    let stage = Stage::with(names, vec![]);
    let own = format!("http://{}", server.address);
    let numbers: Vec<usize> = (0..targets.len()).collect();
    for numbers in numbers.chunks(AT_ONCE) {
        let urls: Vec<_> = numbers.iter().map(|n| server.url(&format!("/{n}"))).collect();
        let mut origins: Vec<_> = numbers.iter().map(|n| targets[*n].1.clone()).collect();
        origins.push(own.clone());
        let (told, _) = asked(&urls, &origins, SERVERS, &stage).await;
        for (line, n) in told.iter().zip(numbers) {
            is_refused(line, all[n / 2]);
        }
        assert_eq!(told.len(), numbers.len());
    }
    assert_eq!(server.seen().len(), targets.len());
}
