//! Shell: what the guests and their neighbour talk to: a page and when it was asked for, redirects, a drip, and a victim
//! that nobody may reach.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

type Arrivals = Arc<Mutex<BTreeMap<String, Vec<Instant>>>>;

/// All of it, for as long as it is held.
pub(crate) struct Targets {
    /// Where everybody is served by path.
    pub(crate) address: SocketAddr,
    /// What `/forbidden` sends on to: the same port at another address of the loop.
    pub(crate) victim: SocketAddr,
    arrivals: Arrivals,
    knocked: Arc<AtomicU32>,
    _serving: JoinSet<()>,
}

impl Targets {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let hidden = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), address.port())).await?;
        let victim = hidden.local_addr()?;
        let (arrivals, knocked) = (Arrivals::default(), Arc::<AtomicU32>::default());
        let mut serving = JoinSet::new();
        let (of_server, of_victim) = (Arc::clone(&arrivals), Arc::clone(&knocked));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let at = Instant::now();
                connections.spawn(serve(stream, at, Arc::clone(&of_server), victim));
                while connections.try_join_next().is_some() {}
            }
        });
        serving.spawn(async move {
            while hidden.accept().await.is_ok() {
                of_victim.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Self { address, victim, arrivals, knocked, _serving: serving })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// When each path below this one was asked for, since an instant.
    pub(crate) fn arrivals(&self, below: &str, since: Instant) -> BTreeMap<String, Vec<Instant>> {
        let arrivals = self.arrivals.lock().expect("nobody panics while noting");
        let own = arrivals.iter().filter(|(path, _)| path.starts_with(below));
        own.map(|(path, at)| (path.clone(), at.iter().copied().filter(|at| *at >= since).collect())).collect()
    }

    /// How often somebody connected to the victim.
    pub(crate) fn knocked(&self) -> u32 {
        self.knocked.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: TcpStream, at: Instant, arrivals: Arrivals, victim: SocketAddr) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    arrivals.lock().expect("nobody panics while noting").entry(path.clone()).or_default().push(at);
    let redirect = |to: String| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let answer = match path.as_str() {
        "/metadata" => redirect("http://169.254.169.254/latest/meta-data/".to_owned()),
        "/forbidden" => redirect(format!("http://{victim}/")),
        "/drip" => return drip(stream).await,
        _ => "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nopen".to_owned(),
    };
    // Whoever goes away meanwhile does not want it.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A byte now and then, for ever.
async fn drip(mut stream: TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
    while sent.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sent = stream.write_all(b".").await;
    }
}
