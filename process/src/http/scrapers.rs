//! Shell: who may read `/metrics`. Asked by `admin`. Metrics that name tenants are for scrapers that show who they are: a
//! node's port is open to every pod of a cluster, whosever it is. Tokens of the API are no tokens here, nor the other way.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use crate::supervise::{blocking, chain};
use crate::tls::Peer;

/// A token's file; 4 KiB hold any that a header carries.
const TOKEN_BYTES_MAX: u64 = 4 << 10;
/// A token of fewer bytes could be guessed: 16 random ones are 22 characters of base64.
const TOKEN_BYTES_MIN: usize = 16;

/// Who may read `/metrics`.
#[derive(Clone, Debug)]
pub enum Scrapers {
    /// Whoever reaches the port: the metrics name nobody.
    Anybody,
    /// This machine alone.
    Local,
    /// Whoever shows the token that is in the file now, as `Authorization: Bearer`.
    Token(PathBuf),
}

/// No scraper could ever pass.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} holds no scrapers' token: write {TOKEN_BYTES_MIN} bytes or more into it that cannot be guessed, for this user to read",
    file.display()
)]
pub struct NoToken {
    file: PathBuf,
    source: io::Error,
}

impl Scrapers {
    /// Those that show the token of a file; without one, this machine alone.
    ///
    /// # Errors
    /// The file holds no token now. One that is lost later is said at each scrape, and lets nobody pass.
    pub fn with_token(file: Option<PathBuf>) -> Result<Self, NoToken> {
        let Some(file) = file else { return Ok(Self::Local) };
        match token(&file) {
            Ok(_) => Ok(Self::Token(file)),
            Err(source) => Err(NoToken { file, source }),
        }
    }

    /// Lets a scraper pass, or answers it.
    pub(super) async fn admit(&self, peer: &Peer, headers: &HeaderMap) -> Result<(), Response> {
        match self {
            Self::Anybody => Ok(()),
            Self::Local if peer.address.ip().to_canonical().is_loopback() => Ok(()),
            Self::Local => {
                Err((StatusCode::FORBIDDEN, "give --metrics-token-file, and show its token\n").into_response())
            }
            Self::Token(file) => {
                let of_file = file.clone();
                let read = blocking("scrapers' token", move || token(&of_file)).await;
                let token = read.unwrap_or_else(|panicked| Err(io::Error::other(panicked))).map_err(|source| {
                    let error = NoToken { file: file.clone(), source };
                    tracing::error!(error = %chain(&error), "nobody may read the metrics");
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                })?;
                let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
                let is_known = shown.is_some_and(|shown| equal(shown, &token));
                is_known
                    .then_some(())
                    .ok_or_else(|| (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response())
            }
        }
    }
}

/// The token in the file: read for each scrape, so that a new one counts at once.
fn token(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(TOKEN_BYTES_MAX).read_to_end(&mut bytes)?;
    let token = bytes.trim_ascii().to_vec();
    if token.len() < TOKEN_BYTES_MIN {
        let message = format!("it has {} bytes", token.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(token)
}

/// Compares without leaving early, so that the time says nothing of where they differ.
fn equal(shown: &[u8], token: &[u8]) -> bool {
    let difference = shown.iter().zip(token).fold(0, |sum, (a, b)| sum | (a ^ b));
    shown.len() == token.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer { address: address.parse().expect("an address"), certificate: None }
    }

    async fn status(scrapers: &Scrapers, address: &str, authorization: Option<&str>) -> u16 {
        let value = authorization.map(|value| (AUTHORIZATION, value.parse().expect("a value")));
        let headers: HeaderMap = value.into_iter().collect();
        scrapers.admit(&peer(address), &headers).await.map_or_else(|answer| answer.status().as_u16(), |()| 200)
    }

    #[tokio::test]
    async fn without_a_token_only_this_machine_reads() {
        let local = Scrapers::with_token(None).expect("no file, no error");
        for (address, wanted) in [
            ("127.0.0.1:1", 200),
            ("[::1]:1", 200),
            ("[::ffff:127.0.0.1]:1", 200),
            ("10.1.2.3:1", 403),
            ("[fd00::1]:1", 403),
        ] {
            assert_eq!(status(&local, address, None).await, wanted, "{address}");
            assert_eq!(status(&Scrapers::Anybody, address, None).await, 200, "{address}");
        }
    }

    #[tokio::test]
    async fn the_token_of_the_file_is_asked_of_everybody_and_follows_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        std::fs::write(&file, "0123456789abcdef\n").expect("written");
        let scrapers = Scrapers::with_token(Some(file.clone())).expect("a token");
        let known = "Bearer 0123456789abcdef";
        for (shown, wanted) in [
            (Some(known), 200),
            (None, 401),
            (Some("Bearer 0123456789abcdeF"), 401),
            (Some("Bearer 0123456789abcde"), 401),
            (Some("Bearer "), 401),
            (Some("Basic 0123456789abcdef"), 401),
        ] {
            assert_eq!(status(&scrapers, "127.0.0.1:1", shown).await, wanted, "{shown:?}");
            assert_eq!(status(&scrapers, "10.1.2.3:1", shown).await, wanted, "{shown:?}");
        }
        std::fs::write(&file, "fedcba9876543210").expect("written");
        assert_eq!(status(&scrapers, "10.1.2.3:1", Some(known)).await, 401, "another one now");
        std::fs::write(&file, "short").expect("written");
        assert_eq!(status(&scrapers, "10.1.2.3:1", Some("Bearer short")).await, 503);
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(status(&scrapers, "127.0.0.1:1", Some(known)).await, 503, "no file: nobody");
    }

    #[test]
    fn a_file_without_a_token_is_no_beginning() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        let refused = |cause: &str| {
            let error = Scrapers::with_token(Some(file.clone())).expect_err("no token");
            let said = chain(&error);
            assert!(said.contains("token: write 16 bytes or more into it") && said.contains(cause), "{said}");
            assert!(said.contains(&*file.to_string_lossy()), "{said}");
        };
        refused("No such file");
        for short in ["", "\n", "0123456789abcde\n"] {
            std::fs::write(&file, short).expect("written");
            refused(&format!("it has {} bytes", short.trim().len()));
        }
        std::fs::write(&file, "0123456789abcdef\n").expect("written");
        assert!(matches!(Scrapers::with_token(Some(file.clone())), Ok(Scrapers::Token(_))));
    }
}
