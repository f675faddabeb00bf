//! No guest without a test of its name, and no program that is in no list.

use std::{collections::BTreeSet, fs, path::Path};

use floorwalker_guests::{COMPILERS, HOSTILE, QUIET, RAW, raw};
use harness::binary;

/// Where tests of guests are: each on its own in the host, and those that need an agent here.
const SUITES: [&str; 2] = ["agent/host/tests/hostile", "tests/tests/hostile"];

#[test]
fn every_guest_is_in_a_list_and_has_a_test_of_its_name() {
    let guests = binary::workspace().join("tests/guests");
    let programs: BTreeSet<String> = HOSTILE.iter().chain([&QUIET]).map(|name| (*name).to_owned()).collect();
    assert_eq!(names(&guests.join("examples"), ".rs"), programs);
    assert_eq!(names(&guests.join("compilers"), ".sh"), COMPILERS.map(str::to_owned).into());
    for name in RAW {
        assert!(raw::component(name).starts_with(b"\0asm\x0d\0\x01\0"), "{name}");
    }
    let tests: Vec<String> = SUITES.iter().flat_map(|suite| tests_of(&binary::workspace().join(suite))).collect();
    let lacking: Vec<&str> = [&HOSTILE[..], &RAW[..], &COMPILERS[..]]
        .concat()
        .into_iter()
        .filter(|guest| !tests.iter().any(|test| is_test_of(test, guest)))
        .collect();
    assert_eq!(lacking, [""; 0], "guests without a test; the tests are {tests:?}");
}

/// `memory_bomb_is_told_its_limit` is one of `memory_bomb`; that of a guest with a longer name is not.
fn is_test_of(test: &str, guest: &str) -> bool {
    let is_of = |guest: &str| test.strip_prefix(guest).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    let longer = HOSTILE.iter().chain(&RAW).chain(&COMPILERS).filter(|other| other.len() > guest.len());
    is_of(guest) && !longer.into_iter().any(|other| is_of(other))
}

fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let names = entries.map(|entry| entry.expect("listed").file_name().into_string().expect("ASCII"));
    names.map(|name| name.strip_suffix(ending).unwrap_or(&name).to_owned()).collect()
}

/// Functions under `#[test]` or `#[tokio::test]` in the files of a folder.
fn tests_of(folder: &Path) -> Vec<String> {
    let mut tests = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let text = fs::read_to_string(entry.expect("listed").path()).expect("text");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if !line.starts_with("#[test]") && !line.starts_with("#[tokio::test") {
                continue;
            }
            let head = lines.next().unwrap_or_default();
            let name = head.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            tests.extend(name.map(str::to_owned));
        }
    }
    tests
}
