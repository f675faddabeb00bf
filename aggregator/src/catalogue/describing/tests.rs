//! Shell: when a component that failed is asked again, with a folder, a store and a compiler that is not there.

use api::catalogue::next;
use api::manifest::FileText;
use process::clock::ManualClock;
use process::compile::Compiler;

use super::*;
use crate::plugin::blobs::Blobs;
use crate::store::{Config, Store};

/// A component whose description the store has, and one that would have to be compiled.
const KNOWN: &[u8] = b"known";
const UNKNOWN: &[u8] = b"unknown";

fn catalogue() -> Catalogue {
    let plugin = |name: &str, bytes: &[u8]| {
        format!(
            "apiVersion: floorwalker.dev/v1alpha1\nkind: Plugin\nmetadata: {{name: {name}}}\n\
             spec: {{source: {{file: {name}.wasm}}, digest: \"{}\"}}\n",
            Digest::of(bytes)
        )
    };
    let text = [plugin("known", KNOWN), plugin("unknown", UNKNOWN)].join("---\n");
    let texts = [FileText { path: "p.yaml".to_owned(), text: Ok(text) }];
    next(&Catalogue::default(), &texts, &DescribedPlugins::new())
}

#[tokio::test]
async fn a_file_that_came_is_asked_at_the_next_look_and_a_failed_compile_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, threads) = Store::open(&Config { folder: folder.path().to_owned() }).expect("a store");
    threads.run_for_test();
    let describe = r#"{"name": "known", "version": "1", "kind": "probe", "config": {}}"#;
    store.upkeep(|tx| tx.plugin_store(&Digest::of(KNOWN), describe, 0)).await.expect("stored");
    let blobs = Arc::new(Blobs::open(folder.path().join("plugins")).expect("opened"));
    let clock = Arc::new(ManualClock::new(0, Duration::ZERO));
    let library = Library::new(store, blobs, Compiler::new("/no/compiler"), clock);
    let mut describing = Describing::new(Arc::new(library));
    let catalogue = catalogue();
    let is_known = |describing: &Describing, bytes| matches!(describing.known().get(&Digest::of(bytes)), Some(Ok(_)));
    let ask_all = async |describing: &mut Describing, boot: Duration| {
        let mut asked = 0;
        while describing.ask_next(&catalogue, folder.path(), boot) {
            describing.answered(|| boot).await;
            asked += 1;
        }
        asked
    };

    describing.looked();
    assert_eq!(ask_all(&mut describing, Duration::ZERO).await, 2);
    assert_eq!(ask_all(&mut describing, Duration::ZERO).await, 0, "nothing changed");
    std::fs::write(folder.path().join("known.wasm"), KNOWN).expect("written");
    std::fs::write(folder.path().join("unknown.wasm"), UNKNOWN).expect("written");
    describing.looked();
    assert_eq!(ask_all(&mut describing, Duration::ZERO).await, 2);
    assert!(is_known(&describing, KNOWN) && !is_known(&describing, UNKNOWN));
    describing.looked();
    assert_eq!(ask_all(&mut describing, AGAIN / 2).await, 0, "the compiler will not do better at once");
    assert_eq!(ask_all(&mut describing, AGAIN).await, 1);

    // The folder changed while the question was under way: its failure says nothing of what is there now.
    let mut late = Describing::new(Arc::clone(&describing.library));
    std::fs::remove_file(folder.path().join("unknown.wasm")).expect("removed");
    std::fs::remove_dir_all(folder.path().join("plugins")).expect("removed");
    std::fs::create_dir(folder.path().join("plugins")).expect("made");
    std::fs::remove_file(folder.path().join("known.wasm")).expect("removed");
    late.ask_next(&catalogue, folder.path(), Duration::ZERO);
    late.looked();
    late.answered(|| Duration::ZERO).await;
    assert_eq!(ask_all(&mut late, Duration::ZERO).await, 2);
}
