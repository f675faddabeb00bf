//! Shell: a client that still sends reads no answer, and takes the broken connection for one. So what is left of a
//! refused request's body is read and thrown away, within bounds, before the refusal leaves. Wraps the whole API.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

/// Four frames of the largest kind. Whoever sends more is far beyond every limit, and is cut off.
const BYTES_MAX: usize = 4 << 20;
/// 4 MiB at 16 Mbit/s; a client that is slower, or stalls, is cut off as well.
const TIME_MAX: Duration = Duration::from_secs(2);

/// A body that can be read on after whoever was given it has let go of it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Read>>);

struct Read {
    body: Body,
    is_begun: bool,
    is_ended: bool,
}

/// Answers, and reads on to the end of the body when the answer is a refusal.
pub(super) async fn drain(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = Shared(Arc::new(Mutex::new(Read { is_begun: false, is_ended: body.is_end_stream(), body })));
    let waits_for_leave = head.headers.contains_key(EXPECT);
    let response = next.run(Request::from_parts(head, Body::new(body.clone()))).await;
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    // Who asked for leave first, and has none yet, sends nothing when it is refused.
    if is_refused && (body.is_begun() || !waits_for_leave) {
        // Past its time it is cut off, which is all that can be done.
        drop(tokio::time::timeout(TIME_MAX, body.read_on()).await);
    }
    response
}

// === impl Shared ===

impl Shared {
    fn is_begun(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_begun
    }

    async fn read_on(mut self) {
        let mut left = BYTES_MAX;
        while let Some(Ok(frame)) = self.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_ended {
            return Poll::Ready(None);
        }
        read.is_begun = true;
        let polled = Pin::new(&mut read.body).poll_frame(context);
        read.is_ended = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.is_ended || read.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.size_hint()
    }
}
