//! Shell: servers that talk as no server should: a head or a body that never ends, a thousand headers, silence. Used by
//! the suite `systems`; they go on for as long as their client stays, or are late by a known time, so what a probe says of
//! them hangs on no machine.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::serve::Server;

/// Between two bytes of a slow server.
const DRIP: Duration = Duration::from_millis(100);
/// How late a late server is: longer than anything else about a request to this machine, shorter than any timeout.
pub const LATE: Duration = Duration::from_millis(1_500);
/// What a fast server sends at once.
const FLOOD_BYTES: usize = 64 << 10;

/// How a server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes the request and never says a word.
    Silent,
    /// One byte of the head at a time, for ever.
    SlowHead,
    /// A head, then a body as fast as it is taken, for ever.
    EndlessBody,
    /// A head, then one byte of the body at a time, for ever.
    SlowBody,
    /// A body that ends before its announced length.
    ShortBody,
    /// A thousand headers, then a proper end.
    ThousandHeaders,
    /// Words of another protocol.
    NoHttp,
    /// A proper answer, `LATE` after the request.
    LateHead,
    /// A proper head at once, its body `LATE` after it.
    LateBody,
}

/// Starts one.
///
/// # Errors
/// No port is free.
pub async fn start(manner: Manner) -> anyhow::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Each ends with an error when its client has heard enough, which is what it is there for.
                let _ = talk(stream, manner).await;
            });
        }
    });
    Ok(Server { url, task })
}

async fn talk(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await?;
    match manner {
        Manner::Silent => {
            while stream.read(&mut request).await? > 0 {}
            Ok(())
        }
        Manner::SlowHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await?;
            drip(&mut stream, b"z").await
        }
        Manner::EndlessBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'z'; FLOOD_BYTES]).await?;
            }
        }
        Manner::SlowBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await?;
            drip(&mut stream, b"z").await
        }
        Manner::ShortBody => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").await,
        Manner::ThousandHeaders => {
            let headers: String = (0..1_000).map(|n| format!("x-{n}: z\r\n")).collect();
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n").as_bytes()).await
        }
        Manner::LateHead => {
            tokio::time::sleep(LATE).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate").await
        }
        Manner::LateBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await?;
            tokio::time::sleep(LATE).await;
            stream.write_all(b"late").await
        }
        Manner::NoHttp => stream.write_all(b"220 mail.example ESMTP ready\r\n").await,
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
        tokio::time::sleep(DRIP).await;
    }
}
