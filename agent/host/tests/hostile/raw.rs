//! Guests that are not what a plugin is: each is refused by the compiler, in words its author can act on, and none of
//! them crashes it or gets more than its limits.

use std::os::unix::process::ExitStatusExt as _;

use crate::compiler::refusal;
use crate::stage::{compile, wasm};

#[test]
fn unoffered_import_is_named() {
    assert_eq!(
        refusal(&wasm("unoffered_import")),
        "it imports `wasi:sockets/tcp@0.2.6`, which is not offered to plugins"
    );
}

#[test]
fn malformed_component_is_refused_in_one_line() {
    let why = refusal(&wasm("malformed_component"));
    assert!(why.starts_with("not a valid component: "), "{why}");
}

/// Whatever becomes of the bytes of a real plugin: an answer or one line, and never a crash.
#[test]
fn malformed_component_of_any_kind_is_no_crash() {
    let whole = wasm("quiet");
    let mut seed = 0x9e37_79b9_u32;
    let mut next = |below: usize| {
        // xorshift32: the same bytes are broken each time.
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize % below
    };
    for turn in 0..48 {
        let mut broken = whole.clone();
        for _ in 0..=turn % 4 {
            let at = next(broken.len() - 8) + 8;
            broken[at] ^= 1 << next(8);
        }
        if turn % 6 == 5 {
            broken.truncate(next(broken.len() - 8) + 8);
        }
        let output = compile(&broken);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => assert!(said.is_empty(), "{said}"),
            Some(1) => assert_eq!(said.lines().count(), 1, "{said}"),
            other => panic!("turn {turn} ended it with {other:?} ({}): {said}", output.status),
        }
    }
}

#[test]
fn compiled_memory_bomb_is_told_how_large_a_table_may_be() {
    let why = refusal(&wasm("compiled_memory_bomb"));
    assert_eq!(why, "it has 1000000000 elements in a table, a plugin has at most 32768");
}

#[test]
fn memory_bomb_of_many_memories_is_told_how_many_there_are() {
    let why = refusal(&wasm("memory_bomb_of_many_memories"));
    assert_eq!(why, "it has 8 memories, a plugin has at most 2");
}

/// What it may use is counted by the kernel, so that a busy machine makes this slower and not red.
#[test]
fn compile_bomb_ends_with_the_compilers_own_limits() {
    let component = wasm("compile_bomb");
    assert!(component.len() < 64 << 10, "{} bytes are no bomb", component.len());
    let output = compile(&component);
    // Of CPU, or of memory, which an allocator that gets none ends by an abort.
    let met = output.status.signal().is_some_and(|signal| [libc::SIGXCPU, libc::SIGABRT].contains(&signal));
    assert!(met && output.stdout.is_empty(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}
