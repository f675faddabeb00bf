//! Shell: a query of the store without its scope does not compile: what must be refused, by the compiler itself, and that
//! no query was forgotten.

use std::path::Path;

/// Each file of `scope_ui` is a program that must not compile, for the reason that stands beside it. The reasons are in
/// the words of the pinned toolchain; with another one `cargo xtask codegen` writes them again. A program that compiles
/// fails even then.
#[test]
fn golden_queries_without_their_scope_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/scope_ui/*.rs");
}

/// Every read of the store names a scope. The look-up of a credential does not: a scope comes out of it (`authn::token`).
#[test]
fn every_read_of_the_store_takes_a_scope() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut reads = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        let Some((_, of_trait)) = text.split_once("\npub trait ") else { continue };
        for read in of_trait.split("\n    fn ").skip(1) {
            let (head, _) = read.split_once(';').expect("a trait's function has no body");
            let scoped = ["&TenantScope", "&PlatformScope", "&AgentScope", "&Reach"].iter().any(|it| head.contains(it));
            assert!(scoped, "{}: {head} says for nobody", path.display());
            reads += 1;
        }
    }
    assert!(reads > 20, "{reads} reads were found");
}
