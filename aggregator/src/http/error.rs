//! From what went wrong to a status and a problem document: the last thing that happens to an error. What a principal
//! may not see and what is not there get the same bytes; internal causes are logged here and never sent.

use std::any::Any;

use api::http::error::{MEDIA_TYPE, Problem};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use process::supervise::chain;

use crate::authz::Denied;
use crate::store::StoreError;
use crate::store::change::ChangeError;

/// Why a request has no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No valid credential.
    Unauthenticated,
    /// May be seen, not done.
    Forbidden,
    /// Not there, or not to be seen.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// The request breaks its own form: 400 with what to change.
    Malformed(String),
    /// The request is well-formed and names what is not there or does not fit: 422.
    Unprocessable(String),
    /// Over a limit.
    TooLarge,
    /// Another state than the request assumes: 409, with a stable code such as `TICKET_USED`.
    Conflict {
        /// The code.
        code: &'static str,
        /// What to do.
        detail: String,
    },
    /// A refusal of the gate that is no fault of the request's form: 403, with a stable code such as `TICKET_SCOPE`.
    Refused {
        /// The code.
        code: &'static str,
        /// What to do.
        detail: String,
    },
    /// Too much at once; ask again.
    Busy,
    /// Not able to answer now.
    Unavailable,
    /// A bug or a broken store; the log says which.
    Internal,
}

/// How long a client that came too often waits, in seconds: a group commit is far shorter.
const RETRY_AFTER_S: &str = "1";

// === impl Failure ===

impl Failure {
    /// The status and the document.
    pub fn problem(&self) -> (StatusCode, Problem) {
        let (status, code, title, detail) = match self {
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "No valid credential.",
                Some("send a token that has not ended, or an agent's client certificate".to_owned()),
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed with this credential.", None),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found.", None),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not a method of this path.", None)
            }
            Self::Malformed(detail) => {
                (StatusCode::BAD_REQUEST, "invalid-request", "The request cannot be read.", Some(detail.clone()))
            }
            Self::Unprocessable(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", "The request does not fit.", Some(detail.clone()))
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Over a limit.", None),
            Self::Conflict { code, detail } => {
                (StatusCode::CONFLICT, *code, "Not in this state.", Some(detail.clone()))
            }
            Self::Refused { code, detail } => (StatusCode::FORBIDDEN, *code, "Refused.", Some(detail.clone())),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "unavailable", "Too much at once.", None),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not able to answer now.", None),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something broke here.", None),
        };
        let problem = Problem { code: code.to_owned(), status: status.as_u16(), title: title.to_owned(), detail };
        (status, problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, problem) = self.problem();
        let body = serde_json::to_vec(&problem).expect("a problem document has string keys alone");
        let mut response = (status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        match self {
            Self::Unauthenticated => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Busy | Self::Unavailable => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            _ => {}
        }
        response
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => Self::NotFound,
            Denied::Forbidden => Self::Forbidden,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Closed | StoreError::Raced | StoreError::Undone => Self::Unavailable,
            // The writer has said so, once for all that waited.
            StoreError::Unwritable { .. } => Self::Unavailable,
            other => {
                tracing::error!(error = %chain(&other), "a request failed at the store");
                Self::Internal
            }
        }
    }
}

impl<R: Into<Failure>> From<ChangeError<R>> for Failure {
    fn from(error: ChangeError<R>) -> Self {
        match error {
            ChangeError::Refused(refused) => refused.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

/// A bug of ours, where a handler finds it.
pub(super) fn broken(what: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    tracing::error!(what, error = %chain(error), "a request failed");
    Failure::Internal
}

/// A bug of ours, where a handler panics: answered and contained.
pub(super) fn caught(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().map(ToString::to_string);
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(why = message, "a request panicked");
    Failure::Internal.into_response()
}

/// For changes that no guard refuses.
impl From<std::convert::Infallible> for Failure {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_seen_is_what_is_not_there() {
        assert_eq!(Failure::from(Denied::NotFound), Failure::NotFound);
        let (status, problem) = Failure::NotFound.problem();
        assert_eq!((status.as_u16(), problem.detail), (404, None), "nothing of the request is repeated");
    }

    #[test]
    fn every_code_of_ours_is_documented() {
        let document = serde_json::to_value(crate::http::openapi::document()).expect("JSON");
        let said = document["components"]["schemas"]["Problem"]["properties"]["code"]["description"].to_string();
        let (detail, mut failure) = (String::new(), Some(Failure::Unauthenticated));
        while let Some(now) = failure {
            let (_, problem) = now.problem();
            assert!(said.contains(&format!("`{}`", problem.code)), "{} is not in: {said}", problem.code);
            // A new variant does not compile before it has its place in this row.
            failure = match now {
                Failure::Unauthenticated => Some(Failure::Forbidden),
                Failure::Forbidden => Some(Failure::NotFound),
                Failure::NotFound => Some(Failure::MethodNotAllowed),
                Failure::MethodNotAllowed => Some(Failure::Malformed(detail.clone())),
                Failure::Malformed(_) => Some(Failure::Unprocessable(detail.clone())),
                Failure::Unprocessable(_) => Some(Failure::TooLarge),
                Failure::TooLarge => Some(Failure::Conflict { code: "conflict", detail: detail.clone() }),
                Failure::Conflict { .. } => Some(Failure::Refused { code: "TICKET_USED", detail: detail.clone() }),
                Failure::Refused { .. } => Some(Failure::Busy),
                Failure::Busy => Some(Failure::Unavailable),
                Failure::Unavailable => Some(Failure::Internal),
                Failure::Internal => None,
            };
        }
    }
}
