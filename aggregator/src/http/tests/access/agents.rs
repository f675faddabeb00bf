//! One agent's credential against every operation: what is assigned to its node now, and nothing else. Checks move and
//! go as in life: by a silent agent, and by a manifest that is removed.

use std::time::Duration;

use api::frame::{Ack, Assignments, Conflict, Epoch, Frame, LeaseAnswer, Secrets, codec};
use api::id::{CheckId, Digest};
use axum::body::Body;
use axum::http::Request;
use process::clock::Clock as _;

use super::super::documented::operations;
use super::super::stand::{Answer, START_MS, Stand};
use super::manifests::{Manifests, component};
use super::things::{Question, Things, frame, questions};
use super::{cell, golden, line};
use crate::ingest::accept::chain_after;
use crate::placement::plan::tests::{agent, check_id};

/// The longest cell, and a gap.
const CELL: usize = 18;
/// Whose check a question is about.
const COLUMNS: [&str; 5] = ["its own", "other node's", "moved away", "removed", "never was"];

const HEAD: &str = "\
# What one agent's credential gets of every operation of openapi.json, by where the check in question runs.
# Held by a test against the routes, and rewritten by `cargo xtask codegen`; read the difference before you commit it.
#
# A cell is the status, and what the answer says. `=`: the very bytes that come for a check that never was.
#
# its own       the check is assigned to the agent's node now
# other node's  another tenant's check, assigned to another node since ever
# moved away    it ran here until this agent fell silent; another node has it now. Records of the time before may come
#               late: they are taken for 48 hours, and nothing is given out for it any more
# removed       its manifest is gone; late records as above
# never was     no such check, component, release, decision or token
#
# Decisions, releases and tokens are the same in all columns: no agent sees any.
";

/// Checks enough for both nodes to get some of each batch: ids are hashes, so this is the same each time.
const BATCH: usize = 8;

/// An aggregator and one agent's checks.
struct World {
    stand: Stand,
    manifests: Manifests,
}

/// A check's tenant and name.
type Named = (&'static str, String);

impl World {
    async fn new() -> Self {
        let mut manifests = Manifests::default().tenant("acme").tenant("globex");
        for n in 0..BATCH {
            manifests = manifests.check("acme", &format!("a{n}")).check("globex", &format!("g{n}"));
        }
        let stand = manifests.stand().await;
        Self { stand, manifests }
    }

    /// A check of a batch that is on a node now.
    fn on(&self, node: &str, tenant: &'static str, batch: &str) -> Named {
        let plan = self.stand.api.placement.plan().borrow().clone();
        let names = (0..BATCH).map(|n| format!("{batch}{n}"));
        let name = names.into_iter().find(|name| plan.intends(id(&(tenant, name.clone())), &agent(node)));
        (tenant, name.expect("a batch is on both nodes"))
    }

    /// Puts other manifests in force, with their components and secrets.
    async fn publish(&mut self, manifests: Manifests) {
        self.stand.publish(manifests.catalogue()).await;
        manifests.keep(&self.stand);
        self.manifests = manifests;
    }

    /// `n1` falls silent, its checks move, and it comes back.
    async fn move_from_n1(&self) {
        self.stand.clock.advance(Duration::from_secs(46));
        let hear = |node: &str| self.stand.api.placement.agents().hear(&agent(node), START_MS, self.stand.clock.boot());
        hear("n2");
        self.stand.renew().await;
        hear("n1");
        self.stand.renew().await;
    }

    async fn ask(&self, question: &Question) -> Answer {
        self.stand.as_agent("n1", question.request(None)).await
    }
}

fn id((tenant, name): &Named) -> CheckId {
    check_id(&format!("{tenant}-prod"), name)
}

fn things((tenant, name): &Named, spool: u8) -> Things {
    let none = || "0".repeat(24);
    Things {
        check: id(&(tenant, name.clone())),
        plugin: Digest::of(&component(tenant, name)),
        release: none(),
        ticket: none(),
        running: none(),
        deployment: none(),
        decision: none(),
        token: none(),
        spool,
    }
}

/// What an answer of an agent's route says of a check.
fn said(path: &str, answer: &Answer, check: CheckId) -> String {
    let listed = |there: bool| if there { "listed" } else { "not listed" }.to_owned();
    if !answer.status.is_success() {
        return String::new();
    }
    match path {
        "/v1/agent/assignments" => {
            let assigned: Assignments = codec::decode(&answer.body).expect("assignments");
            listed(assigned.checks.iter().any(|assigned| assigned.check_id == check))
        }
        "/v1/agent/secrets" => {
            let secrets: Secrets = codec::decode(&answer.body).expect("secrets");
            listed(secrets.secrets.iter().any(|secret| secret.check_id == check))
        }
        "/v1/agent/leases" => match codec::decode(&answer.body).expect("an answer") {
            LeaseAnswer::Granted { .. } => "granted".to_owned(),
            LeaseAnswer::Held { .. } => "held".to_owned(),
        },
        "/v1/agent/frames" => {
            let ack: Ack = codec::decode(&answer.body).expect("an ack");
            ack.rejected.first().map_or("taken", |rejected| rejected.code.as_str()).to_owned()
        }
        _ => String::new(),
    }
}

#[tokio::test]
async fn golden_list_of_what_one_agent_gets() {
    let mut world = World::new().await;
    let removed = world.on("n1", "acme", "a");
    let others = world.on("n2", "globex", "g");
    world.publish(world.manifests.clone().without(&removed.1)).await;
    let moved = world.on("n1", "acme", "a");
    world.move_from_n1().await;
    let later = (0..BATCH).fold(world.manifests.clone(), |all, n| all.check("acme", &format!("b{n}")));
    world.publish(later).await;
    let own = world.on("n1", "acme", "b");
    let all = [own, others, moved, removed, ("acme", "never".to_owned())];
    let spools = all.iter().zip(1..).map(|(named, spool)| things(named, spool));
    let all: Vec<Things> = spools.collect();
    let mut text = format!("{HEAD}\n{}", line("", &COLUMNS.map(str::to_owned), CELL));
    for (method, path) in operations() {
        let asked: Vec<_> = all.iter().map(|things| questions(&method, path, things)).collect();
        for at in 0..asked[0].len() {
            let mut answers = vec![];
            for questions in &asked {
                answers.push(world.ask(&questions[at]).await);
            }
            let absent = answers.last().expect("never was");
            let cells: Vec<_> = answers
                .iter()
                .zip(&all)
                .map(|(answer, things)| format!("{} {}", cell(answer, absent), said(path, answer, things.check)))
                .collect();
            let note = asked[0][at].note;
            let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
            text.push_str(&line(&format!("{method} {path}{note}"), &cells, CELL));
        }
    }
    golden("agent-access.txt", &text);
}

/// A spool's name is the agent's own: another agent that names it begins one of its own.
#[tokio::test]
async fn an_epoch_names_nothing_of_another_agent() {
    let world = World::new().await;
    let (own, others) = (world.on("n1", "acme", "a"), world.on("n2", "globex", "g"));
    let send = async |node: &str, frame: &Frame| {
        let body = Body::from(codec::pack(frame).expect("packs"));
        let request = Request::builder().method("POST").uri("/v1/agent/frames").body(body).expect("a request");
        world.stand.as_agent(node, request).await
    };
    let theirs = frame(&things(&others, 9));
    let mut next = frame(&things(&others, 9));
    (next.first_seq, next.last_seq, next.records[0].seq, next.chain) = (2, 2, 2, chain_after(&theirs));
    let ack: Ack = codec::decode(&send("n2", &theirs).await.body).expect("an ack");
    assert_eq!((ack.through, ack.rejected.len()), (1, 0));
    let conflict: Conflict = codec::decode(&send("n1", &next).await.body).expect("a conflict");
    assert_eq!(conflict, Conflict::Gap { epoch: Epoch([9; 16]), expected: 1 }, "nothing of that name was heard of n1");
    let ack: Ack = codec::decode(&send("n1", &frame(&things(&own, 9))).await.body).expect("an ack");
    assert_eq!((ack.through, ack.rejected.len()), (1, 0), "its own history by the same name");
    let ack: Ack = codec::decode(&send("n2", &next).await.body).expect("an ack");
    assert_eq!((ack.through, ack.rejected.len()), (2, 0), "the other's goes on where it was");
}
