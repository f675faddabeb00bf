//! The OpenAPI document, made from the routes and the documents they carry. Written to `docs/reference` by
//! `cargo xtask codegen`; a test holds the committed file against it. It serves nothing.

use api::http::error::{MEDIA_TYPE, Problem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::Api;

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Floorwalker", description = "Checks on nodes, and the gate that releases ask."),
    components(schemas(Problem)),
    security(("bearer" = []))
)]
struct Head;

/// A bearer token everywhere; an agent's routes take its client certificate, which OpenAPI cannot say of TLS alone.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token of `POST /v1/tokens`. Paths below /v1/agent/ take the agent's client certificate instead.",
        ));
        if let Some(components) = &mut document.components {
            components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
        }
    }
}

/// Any other status of any operation is a problem document.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description("A problem: `status` is the HTTP status, `code` is stable, `detail` says what to do.")
            .content(MEDIA_TYPE, problem);
        if let Some(components) = &mut document.components {
            components.responses.insert("Problem".to_owned(), RefOr::T(response.build()));
        }
        for path in document.paths.paths.values_mut() {
            let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
            for operation in operations.into_iter().flatten() {
                let other = Ref::from_response_name("Problem");
                operation.responses.responses.insert("default".to_owned(), RefOr::Ref(other));
            }
        }
    }
}

/// Routes with the document's head and nothing else.
pub(super) fn empty() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Head::openapi())
}

/// The document.
pub fn document() -> Document {
    let (_, mut document) = super::routes().split_for_parts();
    Credentials.modify(&mut document);
    Problems.modify(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use api::limits::EXPECTED_DURATION_MAX;

    use super::*;

    #[test]
    fn the_longest_release_is_the_one_the_gate_takes() {
        let document = serde_json::to_value(document()).expect("JSON");
        let most = |schema: &serde_json::Value| schema["maximum"].as_u64();
        let body = &document["components"]["schemas"]["Ask"]["properties"]["expected_duration_s"];
        let query = document["paths"]["/v1/decisions"]["get"]["parameters"].as_array().expect("parameters");
        let query = query.iter().find(|parameter| parameter["name"] == "expected_duration_s").expect("it is there");
        let wanted = Some(EXPECTED_DURATION_MAX.as_secs());
        assert_eq!((most(body), most(&query["schema"])), (wanted, wanted));
    }
}
