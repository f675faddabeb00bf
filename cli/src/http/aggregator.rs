//! Shell: the aggregator's API as typed calls. One request each, no retries: `gate check --wait` decides when to ask
//! again. Every call is bounded in time and bytes.

use std::time::Duration;

use api::http::check::Check;
use api::http::decision::Ask;
use api::http::error::Problem;
use api::http::freeze::Freeze;
use api::http::list::Page;
use api::http::node::Node;
use api::http::release::{CreateRelease, Deployment, FinishRelease, Release, StartRelease};
use api::http::token::{CreateToken, CreatedToken, Token};
use bytes::Bytes;
use http::{Method, Request};
use process::http::client::{Bounds, Client};
use process::tls::{self, ClientFiles};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::args::Connection;
use crate::failure::Failure;
use process::supervise::chain;

/// A page of 500 checks with their nodes has 2 MiB at 20 nodes; a decision has 10 KiB.
const BOUNDS: Bounds = Bounds { time_max: Duration::from_secs(30), body_bytes_max: 16 << 20 };
/// Pages of one list: 50,000 items are more than a terminal shows.
const PAGES_MAX: usize = 100;

/// The aggregator, as one token sees it.
#[derive(Debug)]
pub(crate) struct Aggregator {
    base: Url,
    token: String,
    client: Client,
}

impl Aggregator {
    /// The aggregator that flags and environment name.
    pub(crate) fn new(connection: &Connection) -> Result<Self, Failure> {
        let missing = |what: &str| Failure::Usage(what.to_owned());
        let base = connection.url.clone().ok_or_else(|| {
            missing("no address: set FLOORWALKER_URL or give --url, such as https://floorwalker.example:7443")
        })?;
        if base.scheme() != "https" || base.cannot_be_a_base() {
            return Err(Failure::Usage(format!("{base} is not an https address")));
        }
        let token = connection.token.clone().ok_or_else(|| missing("no token: set FLOORWALKER_TOKEN"))?;
        let files = ClientFiles { roots: connection.ca.clone(), identity: None };
        let tls = tls::client(files).map_err(|error| Failure::Usage(format!("FLOORWALKER_CA: {}", chain(&error))))?;
        Ok(Self { base, token, client: Client::new(tls) })
    }

    /// Asks the gate; an allow mints a ticket. The document stays as it came, for `--output json`.
    pub(crate) async fn decide(&self, ask: &Ask) -> Result<Value, Failure> {
        self.post("v1/decisions", ask).await
    }

    /// Asks the gate without a ticket.
    pub(crate) async fn explain(&self, ask: &Ask) -> Result<Value, Failure> {
        self.get("v1/decisions", &query_of(ask)?).await
    }

    /// Registers a release.
    pub(crate) async fn release_create(&self, release: &CreateRelease) -> Result<Release, Failure> {
        self.post("v1/releases", release).await
    }

    /// A release.
    pub(crate) async fn release(&self, id: &str) -> Result<Release, Failure> {
        self.get(&format!("v1/releases/{}", segment(id)?), &[]).await
    }

    /// Starts a release with the ticket of an allow.
    pub(crate) async fn release_start(&self, id: &str, start: &StartRelease) -> Result<Deployment, Failure> {
        self.post(&format!("v1/releases/{}/start", segment(id)?), start).await
    }

    /// Says how a started release ended.
    pub(crate) async fn release_finish(&self, id: &str, finish: &FinishRelease) -> Result<Deployment, Failure> {
        self.post(&format!("v1/releases/{}/finish", segment(id)?), finish).await
    }

    /// Freeze rules that match a tenant.
    pub(crate) async fn freezes(&self, tenant: Option<&str>) -> Result<Vec<Freeze>, Failure> {
        self.list("v1/freezes", tenant).await
    }

    /// Checks of a tenant.
    pub(crate) async fn checks(&self, tenant: Option<&str>) -> Result<Vec<Check>, Failure> {
        self.list("v1/checks", tenant).await
    }

    /// Nodes.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, Failure> {
        self.list("v1/nodes", None).await
    }

    /// Makes a token.
    pub(crate) async fn token_create(&self, token: &CreateToken) -> Result<CreatedToken, Failure> {
        self.post("v1/tokens", token).await
    }

    /// Tokens, without their secrets.
    pub(crate) async fn tokens(&self, tenant: Option<&str>) -> Result<Vec<Token>, Failure> {
        self.list("v1/tokens", tenant).await
    }

    /// Revokes a token.
    pub(crate) async fn token_revoke(&self, id: &str) -> Result<Token, Failure> {
        let url = self.address(&format!("v1/tokens/{}", segment(id)?))?;
        self.send(Method::DELETE, &url, Bytes::new()).await
    }

    /// All pages of a list.
    async fn list<T: DeserializeOwned>(&self, path: &str, tenant: Option<&str>) -> Result<Vec<T>, Failure> {
        let (mut items, mut after) = (vec![], None::<String>);
        for _ in 0..PAGES_MAX {
            let mut query = vec![];
            query.extend(tenant.map(|tenant| ("tenant".to_owned(), tenant.to_owned())));
            query.extend(after.take().map(|after| ("after".to_owned(), after)));
            let page: Page<T> = self.get(path, &query).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(items)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(String, String)]) -> Result<T, Failure> {
        let mut url = self.address(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(Method::GET, &url, Bytes::new()).await
    }

    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| Failure::here("the request is no JSON", &error))?;
        self.send(Method::POST, &self.address(path)?, body.into()).await
    }

    fn address(&self, path: &str) -> Result<Url, Failure> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{path}"))
            .map_err(|error| Failure::Usage(format!("{} is no address: {error}", self.base)))
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, url: &Url, body: Bytes) -> Result<T, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body)
            .map_err(|error| {
                Failure::Usage(format!("the address or the token has characters that HTTP does not take: {error}"))
            })?;
        let answer = self.client.send(request, BOUNDS).await.map_err(|error| Failure::Unreachable(chain(&error)))?;
        let (status, body) = (answer.status().as_u16(), answer.into_body());
        if (200..300).contains(&status) {
            return serde_json::from_slice(&body).map_err(|error| {
                Failure::Unreachable(format!("{url} answers another document than this version knows: {error}"))
            });
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(Failure::Problem(Problem { status, ..problem })),
            Err(_) => Err(Failure::Unreachable(format!("{url} answers {status} and is no aggregator of ours"))),
        }
    }
}

/// An id as a part of a path; an id with other characters names nothing.
fn segment(id: &str) -> Result<&str, Failure> {
    let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain { Ok(id) } else { Err(Failure::Usage(format!("`{id}` is no id"))) }
}

/// The fields of a question as a query: the same names, the subject's digest as `subject.digest`.
fn query_of(ask: &Ask) -> Result<Vec<(String, String)>, Failure> {
    let json = serde_json::to_value(ask).map_err(|error| Failure::here("the request is no JSON", &error))?;
    let mut query = vec![];
    for (key, value) in json.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => query.push((key.clone(), text.clone())),
            Value::Object(inner) => {
                query.extend(
                    inner
                        .iter()
                        .filter_map(|(name, value)| Some((format!("{key}.{name}"), value.as_str()?.to_owned()))),
                );
            }
            Value::Null => {}
            other => query.push((key.clone(), other.to_string())),
        }
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_same_as_a_query() {
        let ask = serde_json::json!({"tenant": "acme", "environment": "prod", "service": "shop", "action": "deploy",
            "expected_duration_s": 60, "subject": {"digest": api::id::Digest::of(b"").as_str()}});
        let ask: Ask = serde_json::from_value(ask).expect("a question");
        let query = query_of(&ask).expect("a query");
        assert!(query.contains(&("expected_duration_s".to_owned(), "60".to_owned())));
        assert!(query.contains(&("subject.digest".to_owned(), api::id::Digest::of(b"").to_string())));
        assert!(query.iter().all(|(key, _)| key != "at"));
    }

    #[test]
    fn an_id_never_leads_elsewhere() {
        assert!(segment("../tokens").is_err() && segment("").is_err() && segment("a?b").is_err());
        assert_eq!(segment("0190-ab_c").ok(), Some("0190-ab_c"));
    }
}
