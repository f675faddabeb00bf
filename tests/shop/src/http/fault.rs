//! Shell: answers a request through the fault plan of its database. Called by the routes that name a database.

use std::time::Duration;

use axum::response::Response;
use http_body_util::BodyExt;

use super::{Shop, page};
use crate::{
    fault::Kind,
    raised::{Answer, Raised},
    server::Server,
};

/// Does the work and renders its answer, unless the plan of the database says otherwise for this step.
pub(super) async fn answer(
    shop: &Shop,
    database: &str,
    step: &str,
    work: impl FnOnce(&mut Server) -> Answer,
    render: impl Fn(Answer) -> Response,
) -> Response {
    let (kind, plan) = shop.server().strike(database, step);
    match kind {
        Kind::None | Kind::StockMissing => render(work(&mut shop.server())),
        Kind::ConfirmRefused => render(Err(Raised::user(plan.words()))),
        Kind::CancelIgnored => render(Ok(Some(true.into()))),
        Kind::SessionExpired => render(Err(Raised::session_expired())),
        Kind::PoolFull => render(Err(Raised::pool_full())),
        Kind::Ingress502 => page::bad_gateway(),
        Kind::LoginPage => page::login(),
        Kind::Maintenance => page::maintenance(),
        Kind::ConfirmSlow => {
            let response = render(work(&mut shop.server()));
            tokio::time::sleep(Duration::from_millis(plan.delay())).await;
            response
        }
        Kind::Truncated => {
            let whole = render(work(&mut shop.server()));
            let bytes = whole.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            page::cut(bytes)
        }
    }
}
