//! A pipeline that creates releases through all kills, and the comparison of what it was answered with the law's file: a
//! file of its own, so what agents are promised says nothing of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::audit::{ChainHash, Entry, next};
use api::id::Digest;
use harness::http::Client;
use harness::site::Site;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::task::JoinHandle;

/// Between two requests, whatever became of the first.
const PAUSE: Duration = Duration::from_millis(10);

/// The pipeline at work.
pub(crate) struct Pipeline {
    task: JoinHandle<()>,
    acknowledged: Arc<Mutex<BTreeMap<String, Digest>>>,
}

// === impl Pipeline ===

impl Pipeline {
    /// Begins: one release after the other, each until it is acknowledged.
    pub(crate) fn start(site: &Site, data: &Path) -> Self {
        let token = site.token(data, "acme", "pipeline").expect("a token");
        let ca = std::fs::read_to_string(site.certificate("ca.pem")).expect("an authority");
        let client = Client::new(&format!("https://{}", site.address()), &ca).expect("a client").with_token(&token);
        let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
        let noted = Arc::clone(&acknowledged);
        let task = tokio::spawn(async move {
            let mut number = 0_u64;
            loop {
                let digest = Digest::of(&number.to_be_bytes());
                if let Some(id) = create(&client, &digest).await {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).insert(id, digest);
                    number += 1;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { task, acknowledged }
    }

    /// Ends it: what it was answered, release by release.
    pub(crate) async fn end(self) -> BTreeMap<String, Digest> {
        self.task.abort();
        // Aborted is how it ends.
        assert!(self.task.await.is_err_and(|ended| ended.is_cancelled()), "it goes on until it is told");
        std::mem::take(&mut *self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn create(client: &Client, digest: &Digest) -> Option<String> {
    let release = json!({"tenant": "acme", "service": "shop", "subject": {"digest": digest}, "class": "feature"});
    let answer = client.post("/v1/releases", &release).await.ok()?;
    assert!(!(400..500).contains(&answer.status), "{}: {}", answer.status, answer.text());
    let acknowledged = (200..300).contains(&answer.status);
    acknowledged.then(|| answer.json().expect("JSON")["id"].as_str().expect("an id").to_owned())
}

/// Every release that was acknowledged is stored, with one entry of the trail each, and the trail is whole.
pub(crate) fn holds(data: &Path, acknowledged: &BTreeMap<String, Digest>) {
    let file = data.join("aggregator.db");
    let law = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
    let mut releases = law.prepare("SELECT id, subject FROM release").expect("a statement");
    let releases = releases.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let releases: BTreeMap<_, _> = releases.expect("rows").collect::<Result<_, _>>().expect("rows");
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|(id, digest)| releases.get(*id).map(String::as_str) != Some(digest.as_str()))
        .collect();
    assert!(lost.is_empty(), "acknowledged, and not stored: {lost:?}");
    let mut noted: BTreeMap<String, u32> = BTreeMap::new();
    let mut previous: ChainHash = [0; 32];
    let mut trail =
        law.prepare("SELECT stored, hash FROM audit WHERE tenant = 'acme' ORDER BY seq").expect("a statement");
    let trail = trail.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, ChainHash>(1)?)));
    for entry in trail.expect("rows") {
        let (stored, hash) = entry.expect("a row");
        assert_eq!(next(&previous, &stored), hash, "the trail is broken");
        previous = hash;
        let Entry { action, subject, .. } = serde_json::from_slice(&stored).expect("an entry");
        if action == "release.created" {
            *noted.entry(subject).or_default() += 1;
        }
    }
    let stored: BTreeMap<String, u32> = releases.into_keys().map(|id| (id, 1)).collect();
    assert_eq!(noted, stored, "a release and its entry are one");
}
