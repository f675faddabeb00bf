//! Shell: an ingress before a real Odoo, which fails as a plan says: with its own pages, with the login page or the
//! expired session of the very server behind it, or with that server's answer cut short. Used by the suite `systems`.
//! What is Odoo's own failure, such as a refused confirmation, it knows nothing of.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{BODY_BYTES_MAX, page};
use crate::{
    fault::{Kind, Plan},
    rpc,
};

/// An ingress that serves until it is dropped.
#[derive(Debug)]
pub struct Ingress {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    plan: Arc<Mutex<Plan>>,
    task: JoinHandle<io::Result<()>>,
}

/// What its requests share.
#[derive(Clone)]
struct Way {
    /// The origin of the server behind it.
    server: Arc<str>,
    plan: Arc<Mutex<Plan>>,
    client: Client<HttpConnector, Body>,
}

/// Starts one before a server, `http://ADDRESS:PORT`.
///
/// # Errors
/// No port is free.
pub async fn start(server: &str) -> io::Result<Ingress> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let plan = Arc::new(Mutex::new(Plan::default()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let way = Way { server: server.into(), plan: Arc::clone(&plan), client };
    let routes = Router::new().fallback(pass).with_state(way);
    let task = tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(Ingress { url, plan, task })
}

impl Ingress {
    /// Takes a plan; false for a fault that no ingress can have.
    #[must_use]
    pub fn plan_set(&self, plan: Plan) -> bool {
        let is_its_own = match plan.fault {
            Kind::None | Kind::Ingress502 | Kind::LoginPage | Kind::Maintenance => true,
            Kind::SessionExpired | Kind::Truncated => true,
            Kind::ConfirmRefused | Kind::ConfirmSlow | Kind::CancelIgnored => false,
            Kind::StockMissing | Kind::PoolFull => false,
        };
        if is_its_own {
            *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
        }
        is_its_own
    }
}

impl Drop for Ingress {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(way): State<Way>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else { return page::bad_gateway() };
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let step = rpc::Request::of(&call["params"]).step();
    let kind = way.plan.lock().unwrap_or_else(PoisonError::into_inner).strike(&step);
    let json = |path: &str| {
        let request = Request::builder().method(head.method.clone()).uri(format!("{}{path}", way.server));
        request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.clone()))
    };
    match kind {
        Kind::Ingress502 => page::bad_gateway(),
        Kind::Maintenance => page::maintenance(),
        Kind::LoginPage => {
            let login = format!("{}/web/login", way.server);
            way.ask(Request::builder().method(Method::GET).uri(login).body(Body::empty())).await
        }
        // A route that needs a session, asked without one: the answer is the server's own.
        Kind::SessionExpired => way.ask(json("/web/dataset/call_kw")).await,
        Kind::Truncated => {
            let whole = way.ask(json(&path)).await;
            let bytes = whole.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            page::cut(bytes)
        }
        _ => way.ask(json(&path)).await,
    }
}

impl Way {
    async fn ask(&self, request: http::Result<Request<Body>>) -> Response {
        let Ok(request) = request else { return StatusCode::BAD_REQUEST.into_response() };
        match self.client.request(request).await {
            Ok(answer) => answer.into_response(),
            Err(_) => page::bad_gateway(),
        }
    }
}
