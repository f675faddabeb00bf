//! Peers that say nothing, say it slowly, or are gone without a word, at every server: they are hung up on in time, and
//! until then nobody waits for them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use harness::http::Client;
use harness::machine;
use harness::until::until;
use jiff::Timestamp;
use nix::sys::signal::Signal;

use crate::scene::{SOON, Scene};

/// Of each kind at each server.
const PEERS: usize = 60;
/// What a peer has said before it went silent: nothing, the beginning of a TLS handshake, of a request.
const OPENINGS: [&[u8]; 3] = [b"", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "];

/// Connections that stay open until the server ends them.
struct Held(Vec<TcpStream>);

impl Held {
    fn at(address: SocketAddr) -> Self {
        let connect = |opening: &&[u8]| {
            let mut peer = TcpStream::connect(address).expect("accepted");
            peer.write_all(opening).expect("sent");
            peer.set_nonblocking(true).expect("set");
            peer
        };
        Self(OPENINGS.iter().cycle().take(OPENINGS.len() * PEERS).map(connect).collect())
    }

    /// One more byte of those that speak slowly, and who is still connected.
    fn left(&mut self) -> usize {
        self.0.retain_mut(|peer| {
            // One that was hung up on refuses it, which the read finds too.
            let _ = peer.write(b"x");
            let mut answer = [0; 512];
            match peer.read(&mut answer) {
                Ok(0) => false,
                Ok(_) => true,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            }
        });
        self.0.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_slow_peers_keep_nobody_waiting_and_are_hung_up_on() {
    let mut scene = Scene::set().await;
    let metrics = scene.watched().await.metrics_url;
    let of_agent = metrics.trim_start_matches("http://").trim_end_matches("/metrics").parse().expect("an address");
    let admin = scene.site.admin().expect("bound");
    let mut held: Vec<Held> = [scene.site.address(), admin, of_agent].into_iter().map(Held::at).collect();
    // Everybody else is served while they hang there.
    for address in [of_agent, admin] {
        let client = Client::plain(&format!("http://{address}")).expect("a client");
        assert_eq!(client.get("/livez").await.expect("an answer").status, 200);
    }
    scene.reports_after(Timestamp::now()).await;
    scene.runs_on().await;
    let gone = until(SOON, "the end of those that say nothing", async || {
        let left: Vec<usize> = held.iter_mut().map(Held::left).collect();
        Ok(left.iter().all(|left| *left == 0).then_some(()))
    });
    let gone = gone.await;
    let left: Vec<usize> = held.iter_mut().map(Held::left).collect();
    gone.unwrap_or_else(|error| panic!("{error:#}: {left:?} are left"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_gone_without_a_word_is_noticed_and_comes_back() {
    let mut scene = Scene::set().await;
    let (pid, port) = (scene.agent().pid(), scene.site.address().port());
    assert!(established(port) > 0, "the agent is connected");
    // Its kernel goes on acknowledging, it itself does not answer: a half-open connection, as the server sees it.
    machine::signal(pid, Signal::SIGSTOP).expect("stopped");
    let noticed = until(SOON, "an end of its connections", async || Ok((established(port) == 0).then_some(())));
    let noticed = noticed.await;
    machine::signal(pid, Signal::SIGCONT).expect("goes on");
    noticed.expect("noticed by the pings that it does not answer");
    scene.reports_after(Timestamp::now()).await;
}

/// Connections that a port of this machine serves.
fn established(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").expect("readable");
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let local = format!(":{port:04X}");
    fields.filter(|fields| fields[1].ends_with(&local) && fields[3] == "01").count()
}

/// Longer than any limit of a server, shorter than a test may take.
const _: () = assert!(SOON.as_secs() > Duration::from_secs(60).as_secs());
