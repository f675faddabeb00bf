//! The opening of a connection: which HTTP the peer speaks, from the first bytes it sends. The listener calls it under
//! its deadline, because neither protocol's own deadlines hold before the protocol is known.
//!
//! It reads at most the preface of HTTP/2 and hands every byte on; it judges nothing else.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// What every HTTP/2 client sends first (RFC 9113, section 3.4). No request of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, after its whole preface.
    Http2,
}

/// A stream whose first bytes were looked at; reading begins with them again.
#[derive(Debug)]
pub(super) struct Opened<S> {
    first: [u8; PREFACE.len()],
    /// How many were read, and how many of those were handed on.
    read: usize,
    handed: usize,
    stream: S,
}

/// Reads until the protocol is known.
///
/// # Errors
/// The stream broke, or ended before it said anything.
pub(super) async fn open<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Spoken, Opened<S>)> {
    let mut first = [0; PREFACE.len()];
    let mut read = 0;
    while read < PREFACE.len() {
        match stream.read(&mut first[read..]).await? {
            0 if read == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            0 => break,
            more => read += more,
        }
        if first[..read] != PREFACE[..read] {
            break;
        }
    }
    let spoken = if first[..read] == *PREFACE { Spoken::Http2 } else { Spoken::Http1 };
    Ok((spoken, Opened { first, read, handed: 0, stream }))
}

// === impl Opened ===

impl<S: AsyncRead + Unpin> AsyncRead for Opened<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if me.handed == me.read {
            return Pin::new(&mut me.stream).poll_read(cx, buffer);
        }
        let end = me.read.min(me.handed + buffer.remaining());
        buffer.put_slice(&me.first[me.handed..end]);
        me.handed = end;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opened<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn opened(bytes: &'static [u8]) -> (Spoken, Vec<u8>) {
        let (spoken, mut stream) = open(bytes).await.unwrap();
        let mut all = vec![];
        stream.read_to_end(&mut all).await.unwrap();
        (spoken, all)
    }

    #[tokio::test]
    async fn the_first_bytes_tell_and_none_is_lost() {
        for (sent, spoken) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], Spoken::Http1),
            (b"P", Spoken::Http1),
            (b"PRI * HTTP/1.1\r\nhost: a\r\n\r\n and more", Spoken::Http1),
            (PREFACE, Spoken::Http2),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand frames", Spoken::Http2),
        ] {
            assert_eq!(opened(sent).await, (spoken, sent.to_vec()));
        }
        assert!(open(&b""[..]).await.is_err());
    }
}
