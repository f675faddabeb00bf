//! Shell: bodies over the limit, over real connections: the refusal reaches a client that sends all before it reads.

use std::time::Duration;

use api::http::token::Role;
use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::stand::Stand;
use crate::http::router;

/// Beyond every limit, and beyond what the buffers of two sockets hold.
const LARGE: usize = 3 << 20;

async fn http1(address: std::net::SocketAddr, token: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST /v1/decisions HTTP/1.1\r\nhost: gate\r\nauthorization: {token}\r\ncontent-length: {LARGE}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // In pieces: one that hung up after the first is found out by the next.
    for piece in vec![b' '; LARGE].chunks(LARGE / 16) {
        stream.write_all(piece).await.expect("all of it is taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8(answer).expect("text")
}

async fn http2(address: std::net::SocketAddr, token: &str) -> StatusCode {
    let stream = TokioIo::new(TcpStream::connect(address).await.expect("connected"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    let request =
        Request::builder().method(Method::POST).uri("http://gate/v1/decisions").header("authorization", token);
    let request = request.body(Full::new(Bytes::from(vec![b' '; LARGE]))).expect("a request");
    tokio::select! {
        answer = client.send_request(request) => answer.expect("an answer").status(),
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
}

#[tokio::test]
async fn the_refusal_of_a_large_body_reaches_its_sender() {
    let stand = Stand::new().await;
    let known = stand.token(Some("acme"), Role::Pipeline).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asks = async {
        for (token, status) in [(known.as_str(), 413), ("Bearer x", 401)] {
            let answer = http1(address, token).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            assert!(answer.contains("application/problem+json"), "{answer}");
            assert_eq!(http2(address, token).await.as_u16(), status);
        }
    };
    tokio::select! {
        () = asks => {}
        served = axum::serve(listener, router(stand.api.clone())) => panic!("{served:?}"),
    }
}
