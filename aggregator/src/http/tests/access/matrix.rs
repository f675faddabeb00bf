//! The matrix of every operation and seven principals. Each question goes, byte for byte, to two aggregators that hold
//! the same principals: in the one the tenant `acme` is there, in the other it never was. Whoever may not see `acme`
//! gets the same status, headers and body from both.

use std::fmt::Write as _;

use api::http::token::Role;
use axum::http::Request;
use serde_json::{Value, json};

use super::super::documented::operations;
use super::super::stand::{Answer, START_MS, Stand};
use super::manifests::{Manifests, component};
use super::things::{Question, Things, questions, subject};
use super::{cell, golden, line};
use crate::authn::token::{Minted, mint};
use crate::placement::plan::tests::check_id;

/// The principals of the list's columns.
const COLUMNS: [&str; 7] = ["anonymous", "no role", "other admin", "own viewer", "own admin", "other agent", "revoked"];
/// The longest heading, and a gap.
const CELL: usize = 13;
/// Columns that may see what is asked for.
const OWN: [usize; 2] = [3, 4];
/// The own administrator comes last: what it asks for is done.
const ORDER: [usize; 7] = [0, 1, 2, 3, 5, 6, 4];

const HEAD: &str = "\
# Who gets what: every operation of openapi.json, asked for a thing of the tenant `acme`.
# Held by a test against the routes, and rewritten by `cargo xtask codegen`; read the difference before you commit it.
#
# A cell is the status. `=`: status, headers and body are, byte for byte, those of an aggregator in which `acme` never was;
# the test fails where a principal that may not see `acme` has no `=`. An empty note is the plain request.
#
# anonymous    no credential
# no role      a token whose tenant is not in the catalogue: authenticated, and nobody anywhere (its role is tenant-admin,
#              so that nothing here rests on the role)
# other admin  the tenant-admin of the tenant `globex`
# own viewer   a viewer of `acme`
# own admin    the tenant-admin of `acme`; asked last, so that what it does is seen by nobody before
# other agent  the agent of a node on which only checks of `globex` run
# revoked      a token of a tenant-admin of `acme` that was revoked
";

/// An aggregator with every principal.
struct World {
    stand: Stand,
    tokens: [Option<String>; 7],
}

impl World {
    async fn new(manifests: &Manifests, minted: &[Option<Minted>; 7]) -> Self {
        let stand = manifests.stand().await;
        for minted in minted.iter().flatten() {
            stand.keep_token(&minted.stored).await;
        }
        let tokens = minted.each_ref().map(|minted| minted.as_ref().map(|minted| format!("Bearer {}", minted.text)));
        let world = Self { stand, tokens };
        let revoked = minted[6].as_ref().expect("a token");
        let path = format!("/v1/tokens/{}", revoked.stored.id);
        assert_eq!(world.stand.ask("DELETE", &path, world.admin(), "").await.status.as_u16(), 200);
        world
    }

    fn admin(&self) -> Option<&str> {
        self.tokens[4].as_deref()
    }

    async fn ask(&self, column: usize, node: &str, question: &Question) -> Answer {
        match COLUMNS[column] {
            "other agent" => self.stand.as_agent(node, question.request(None)).await,
            _ => self.stand.anybody(question.request(self.tokens[column].as_deref())).await,
        }
    }

    /// Asks as the own administrator.
    async fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.stand.ask("POST", path, self.admin(), &body.to_string()).await;
        assert!(answer.status.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    async fn things(&self) -> Things {
        let text = |json: &Value, key: &str| json[key].as_str().expect(key).to_owned();
        let release = async |service: &str| {
            let body = json!({"tenant": "acme", "service": service, "class": "feature", "subject": subject()});
            let release = text(&self.made("/v1/releases", &body).await, "id");
            let question = json!({"tenant": "acme", "environment": "prod", "service": service, "release": release,
                "class": "feature", "subject": subject()});
            (release, self.made("/v1/decisions", &question).await)
        };
        let (running, decided) = release("erp").await;
        let start = json!({"environment": "prod", "ticket": text(&decided, "ticket"), "subject": subject()});
        let deployment = text(&self.made(&format!("/v1/releases/{running}/start"), &start).await, "id");
        let (release, decided) = release("shop").await;
        let token = json!({"tenant": "acme", "role": "pipeline", "expires_at": "2026-12-01T00:00:00Z"});
        Things {
            check: check_id("acme-prod", "order"),
            plugin: api::id::Digest::of(&component("acme", "order")),
            release,
            ticket: text(&decided, "ticket"),
            running,
            deployment,
            decision: text(&decided, "id"),
            token: text(&self.made("/v1/tokens", &token).await, "id"),
            spool: 1,
        }
    }
}

fn minted() -> [Option<Minted>; 7] {
    let token =
        |tenant: &str, role| Some(mint(Some(tenant.parse().expect("a label")), role, vec![], START_MS + 3_600_000));
    let admin = Role::TenantAdmin;
    [
        None,
        token("initech", admin),
        token("globex", admin),
        token("acme", Role::Viewer),
        token("acme", admin),
        None,
        token("acme", admin),
    ]
}

#[tokio::test]
async fn golden_matrix_of_operations_and_principals() {
    let minted = minted();
    let others = Manifests::default().tenant("globex").check("globex", "theirs");
    let (there, gone) = (
        World::new(&others.clone().tenant("acme").check("acme", "order"), &minted).await,
        World::new(&others, &minted).await,
    );
    let things = there.things().await;
    let plan = there.stand.api.placement.plan().borrow().clone();
    let own = plan.nodes_of(things.check).next().expect("placed").node.to_string();
    let other = if own == "n1" { "n2" } else { "n1" };
    let unauthenticated = there.stand.anybody(Request::new(axum::body::Body::empty())).await;
    let mut text = format!("{HEAD}\n{}", line("", &COLUMNS.map(str::to_owned), CELL));
    for (method, path) in operations() {
        for question in questions(&method, path, &things) {
            let mut cells: [String; 7] = Default::default();
            for column in ORDER {
                let seen = there.ask(column, other, &question).await;
                let absent = gone.ask(column, other, &question).await;
                let what = format!("{method} {path} ({}) by {}", question.note, COLUMNS[column]);
                if !OWN.contains(&column) {
                    assert_eq!(seen, absent, "{what}");
                }
                if seen.status.as_u16() == 401 {
                    assert_eq!(seen, unauthenticated, "{what}");
                }
                cells[column] = cell(&seen, &absent);
            }
            let mut head = format!("{method} {path}");
            if !question.note.is_empty() {
                write!(head, " ({})", question.note).expect("a string takes all");
            }
            text.push_str(&line(&head, &cells, CELL));
        }
    }
    golden("access-matrix.txt", &text);
}
