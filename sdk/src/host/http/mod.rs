//! HTTP by the host: it allows, resolves, connects, speaks TLS and times; the guest says what and judges the answer.
//! Used by most plugins. No redirect is followed unless the request says so, and each is granted anew.

#[cfg(not(target_arch = "wasm32"))]
mod double;
mod request;
mod response;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use double::Double;
#[cfg(not(target_arch = "wasm32"))]
pub use double::Sent;
pub use request::{Encoding, Part, Request};
pub use response::{Certificate, Details, Phases, Response};

use super::HostError;
use crate::bindings::check::floorwalker::check::http as import;

/// A GET request.
pub fn get(url: &str) -> Request {
    Request::new("GET", url)
}

/// A POST request.
pub fn post(url: &str) -> Request {
    Request::new("POST", url)
}

/// A request with any method.
pub fn request(method: &str, url: &str) -> Request {
    Request::new(method, url)
}

/// Several at once; answers in the order of the requests.
pub fn fetch_many(requests: &[Request]) -> Vec<Result<Response, HostError>> {
    host_call!(
        {
            let asked: Vec<import::Request> = requests.iter().map(import::Request::from).collect();
            import::fetch_many(&asked).into_iter().map(Response::read).collect()
        },
        |doubles| {
            let secrets = &doubles.secrets.values;
            requests.iter().map(|request| doubles.http.fetch(request, secrets)).collect()
        }
    )
}

impl Request {
    /// Sends it.
    ///
    /// # Errors
    /// The reason says whether the target is to blame (it turns into a failed verdict by `?`) or the prober.
    pub fn fetch(&self) -> Result<Response, HostError> {
        host_call!(Response::read(import::fetch(&self.into())), |doubles| {
            doubles.http.fetch(self, &doubles.secrets.values)
        })
    }
}
