//! Artefacts that are not what this node sealed: none of them runs, none of them crashes, each is compiled again.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::id::Digest;
use host::artefact::{Key, Name};
use host::{End, LoadError, Plugin, run};
use serde_json::json;

use crate::stage::{KEY, Stage, call, compiled, engine, sealed, wasm};

fn load(file: &Path, name: &Name) -> Result<Plugin, LoadError> {
    Plugin::load(&engine(), file, name, &Key::new(KEY))
}

#[tokio::test]
async fn a_forged_or_cut_artefact_is_refused_and_compiled_again() {
    let component = wasm("quiet");
    let (_, artefact) = compiled(&component);
    let folder = tempfile::tempdir().expect("a folder");
    let (file, name) = sealed(folder.path(), &component, &artefact);
    let whole = std::fs::read(&file).expect("sealed");

    let mut forged = whole.clone();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    std::fs::write(&file, &forged).expect("written");
    assert!(matches!(load(&file, &name), Err(LoadError::Forged)));

    for cut in [0, 7, 40, 41, whole.len() - 1] {
        std::fs::write(&file, &whole[..cut]).expect("written");
        let refused = load(&file, &name).err();
        assert!(matches!(refused, Some(LoadError::Format | LoadError::Forged)), "{cut}: {refused:?}");
    }

    let (file, name) = sealed(folder.path(), &component, &compiled(&component).1);
    let plugin = load(&file, &name).expect("compiled again");
    let outcome = run(&plugin, call(json!({})), &Stage::new().backends).await;
    assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end);
}

#[test]
fn a_seal_counts_for_one_key_and_one_name() {
    let component = wasm("quiet");
    let folder = tempfile::tempdir().expect("a folder");
    let (file, name) = sealed(folder.path(), &component, &compiled(&component).1);
    let other_node = Plugin::load(&engine(), &file, &name, &Key::new([8; 32]));
    assert!(matches!(other_node.err(), Some(LoadError::Forged)));
    let other_name = Name::new(&Digest::of(b"another component"), engine().compatibility());
    assert!(matches!(load(&file, &other_name), Err(LoadError::Forged)));
    assert!(matches!(load(Path::new("/nowhere/at.all"), &name), Err(LoadError::Read(_))));
}

#[test]
fn sealed_nonsense_is_no_crash() {
    let component = wasm("quiet");
    let folder = tempfile::tempdir().expect("a folder");
    for nonsense in [&b"not an object file"[..], &[0; 70_000], b"\x7fELF"] {
        let (file, name) = sealed(folder.path(), &component, nonsense);
        assert!(matches!(load(&file, &name), Err(LoadError::Incompatible(_))));
    }
}

#[tokio::test]
async fn what_is_loaded_no_longer_depends_on_its_file() {
    let component = wasm("quiet");
    let folder = tempfile::tempdir().expect("a folder");
    let (file, name) = sealed(folder.path(), &component, &compiled(&component).1);
    let plugin = load(&file, &name).expect("it loads");
    let bytes = std::fs::metadata(&file).expect("there").len();
    std::fs::write(&file, vec![0xcc; usize::try_from(bytes).expect("small")]).expect("overwritten");
    std::fs::remove_file(&file).expect("removed");
    let outcome = run(&plugin, call(json!({})), &Stage::new().backends).await;
    assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end);
}

/// Somebody with the right to write the file does so while it is loaded: forges it, cuts it, mends it.
#[tokio::test]
async fn what_is_rewritten_while_it_loads_is_refused_or_whole() {
    let component = wasm("quiet");
    let folder = tempfile::tempdir().expect("a folder");
    let (file, name) = sealed(folder.path(), &component, &compiled(&component).1);
    let whole = std::fs::read(&file).expect("sealed");
    let over = Arc::<AtomicBool>::default();
    let (of_vandal, until) = (file.clone(), Arc::clone(&over));
    let vandal = std::thread::spawn(move || {
        let (middle, mut turns) = (whole.len() / 2, 0_u32);
        while !until.load(Ordering::Relaxed) {
            turns += 1;
            let mut file = OpenOptions::new().write(true).open(&of_vandal).expect("there");
            match turns % 3 {
                // `int3`, over and over: were it mapped and run, the process would be gone.
                0 => file
                    .seek(SeekFrom::Start(middle as u64))
                    .and_then(|_| file.write_all(&[0xcc; 8_192]))
                    .expect("forged"),
                1 => file.set_len(middle as u64).expect("cut"),
                _ => file.write_all(&whole).expect("mended"),
            }
        }
        turns
    });
    let (stage, mut refused, mut ran) = (Stage::new(), 0, 0);
    for _ in 0..300 {
        match load(&file, &name) {
            Ok(plugin) => {
                let outcome = run(&plugin, call(json!({})), &stage.backends).await;
                assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end);
                ran += 1;
            }
            Err(LoadError::Forged | LoadError::Format | LoadError::Read(_)) => refused += 1,
            Err(other) => panic!("{other}: what was not sealed was looked into"),
        }
    }
    over.store(true, Ordering::Relaxed);
    let turns = vandal.join().expect("it only writes");
    assert!(refused > 0 && turns > 3, "{refused} refused, {ran} ran, {turns} turns: nothing was tried");
}
