//! Shell: `/v1/decisions`: asks the gate. A POST's allow carries a ticket, a GET's never does; with `at` it is a
//! simulation, which everybody who may see the tenant may ask for.

use api::http::decision::{Answer, Answered, Ask, Simulation};
use api::http::release::Subject;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, Json, NoQuery, Path, Query, tenant};
use crate::authn::Principal;
use crate::authz::{Operation, Reach, TenantScope, allow};
use crate::gate::question::simulated_at;
use crate::gate::{GateError, Minting};
use crate::store::decision::DecisionRead as _;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(ask_by_query, ask)).routes(routes!(one))
}

/// The question as a query: the same fields, the subject's digest by its path.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QuestionQuery {
    /// The tenant.
    tenant: String,
    /// The environment.
    environment: String,
    /// The service.
    service: String,
    /// A location of the tenant; absent: all of them.
    location: Option<String>,
    /// The release's id.
    release: Option<String>,
    /// The class that is claimed.
    class: Option<String>,
    /// What is to be done; `deploy` when absent.
    action: Option<String>,
    /// What is to run: a `sha256:` digest.
    #[serde(rename = "subject.digest")]
    digest: Option<String>,
    /// Simulate for this instant, RFC 3339.
    at: Option<String>,
    /// How long it will take, in seconds; 30 days at most.
    #[param(maximum = 2_592_000)]
    expected_duration_s: Option<u32>,
}

impl QuestionQuery {
    fn question(self) -> Result<Ask, Failure> {
        let digest = self.digest.map(|text| text.parse()).transpose();
        let digest =
            digest.map_err(|error: api::id::NameError| Failure::Unprocessable(format!("subject.digest: {error}")))?;
        Ok(Ask {
            tenant: self.tenant,
            environment: self.environment,
            service: self.service,
            location: self.location,
            release: self.release,
            class: self.class.map(|text| word("class", &text)).transpose()?,
            action: self.action.map(|text| word("action", &text)).transpose()?.unwrap_or_default(),
            subject: digest.map(|digest| Subject { digest }),
            at: self.at,
            expected_duration_s: self.expected_duration_s,
        })
    }
}

fn word<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_value(text.into()).map_err(|error| Failure::Unprocessable(format!("{field}: {error}")))
}

/// May this release go there now? An allow carries a ticket.
#[utoipa::path(post, path = "/v1/decisions", tag = "gate", request_body = Ask, responses(
    (status = 200, description = "The decision; for `at` a simulation", body = Answered)))]
pub(super) async fn ask(
    State(api): State<Api>,
    Caller(principal): Caller,
    _: NoQuery,
    Json(question): Json<Ask>,
) -> Result<Response, Failure> {
    answer(&api, &principal, question, Minting::Ticket).await
}

/// The same question as a query, for clients without a body; never makes a ticket.
#[utoipa::path(get, path = "/v1/decisions", tag = "gate", params(QuestionQuery), responses(
    (status = 200, description = "The decision; for `at` a simulation", body = Answered)))]
pub(super) async fn ask_by_query(
    State(api): State<Api>,
    Caller(principal): Caller,
    Query(question): Query<QuestionQuery>,
) -> Result<Response, Failure> {
    answer(&api, &principal, question.question()?, Minting::Nothing).await
}

async fn answer(api: &Api, principal: &Principal, question: Ask, minting: Minting) -> Result<Response, Failure> {
    let name = tenant(&question.tenant)?;
    let Some(at) = &question.at else {
        let scope = allow(principal, Operation::Decide, &name)?;
        let answer = api.gate.decide(&scope, principal.classes(), question, minting).await?;
        let location = answer.url.clone().unwrap_or_default();
        return Ok((StatusCode::OK, [(LOCATION, location)], axum::Json(Answered::Decision(answer))).into_response());
    };
    let scope = api.reach_tenant(principal, Operation::Simulate, &name).await?;
    let at = simulated_at(at).map_err(GateError::from)?;
    let simulated = api.gate.simulate(&scope, principal.classes(), question, at).await?;
    Ok(axum::Json(Answered::Simulation(Simulation { simulated })).into_response())
}

/// A decision as it was answered, without its ticket.
#[utoipa::path(get, path = "/v1/decisions/{id}", tag = "gate", params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The decision", body = Answer)))]
pub(super) async fn one(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Answer>, Failure> {
    let reach = api.reach(&principal, Operation::ReadDecisions).await?;
    let read = api.store.read(move |view| {
        let scope: Option<TenantScope> = match reach {
            Reach::Own(own) => Some(own),
            Reach::All(all) => view.decision_owner(&all, &id)?.map(|owner| all.tenant(owner)),
        };
        scope.map_or(Ok(None), |scope| view.decision_find(&scope, &id))
    });
    read.await?.map(axum::Json).ok_or(Failure::NotFound)
}

impl From<GateError> for Failure {
    fn from(error: GateError) -> Self {
        match error {
            GateError::NotFound => Self::NotFound,
            GateError::NotReady => Self::Unavailable,
            GateError::Misfit(misfit) => Self::Unprocessable(misfit.0),
            GateError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
