//! Reads a response's body up to its limit; what is over is cut and said. Called by `fetch`.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::net::Failure;
use crate::outcome::HostReason;

/// A body, or the beginning of one.
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) truncated: bool,
}

impl Kept {
    fn new() -> Self {
        Self { bytes: Vec::new(), truncated: false }
    }

    /// Takes what fits into the request's limit and into what all bodies of the call have left.
    fn take(&mut self, data: &Bytes, bytes_max: u64, bodies_left: &AtomicU64) {
        let room = bytes_max.saturating_sub(self.bytes.len() as u64).min(data.len() as u64);
        let granted = reserve(bodies_left, room);
        let granted = usize::try_from(granted).unwrap_or(data.len());
        self.bytes.extend_from_slice(&data[..granted]);
        self.truncated |= granted < data.len();
    }
}

/// Takes up to `wanted` of what is left.
fn reserve(left: &AtomicU64, wanted: u64) -> u64 {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left - wanted.min(left)));
    wanted.min(taken.unwrap_or(0))
}

/// Reads until the end or the limit.
pub(super) async fn read(mut body: Incoming, bytes_max: u64, bodies_left: &AtomicU64) -> Result<Kept, Failure> {
    let mut kept = Kept::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Failure::new(HostReason::ProtocolError, format!("the body broke off: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        kept.take(data, bytes_max, bodies_left);
        if kept.truncated {
            break;
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cut_at_their_limit_and_at_the_calls() {
        let left = AtomicU64::new(10);
        let mut kept = Kept::new();
        kept.take(&Bytes::from_static(b"123456"), 8, &left);
        assert!(!kept.truncated);
        kept.take(&Bytes::from_static(b"789"), 8, &left);
        assert_eq!((kept.bytes.as_slice(), kept.truncated), (&b"12345678"[..], true));
        let mut second = Kept::new();
        second.take(&Bytes::from_static(b"123"), 8, &left);
        assert_eq!((second.bytes.as_slice(), second.truncated), (&b"12"[..], true));
    }
}
