//! Tests of `read`: what is refused, where, and in which words.

use super::*;

const TENANT: &str = "\
apiVersion: floorwalker.dev/v1alpha1
kind: Tenant
metadata: {name: acme, labels: {segment: fashion}}
spec:
  timeZone: Europe/Berlin
  environments: [{name: staging, namespaces: [acme-staging]}, {name: prod, namespaces: [acme-prod]}]
  services: [shop, erp]
";

fn file(text: &str) -> FileText {
    FileText { path: "a.yaml".to_owned(), text: Ok(text.to_owned()) }
}

/// The refusals of a file, as people read them.
fn refusals(text: &str) -> Vec<String> {
    read_file(&file(text)).into_iter().filter_map(Result::err).map(|refusal| refusal.to_string()).collect()
}

fn check(body: &str) -> String {
    format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: c, namespace: acme-prod}}\nspec:\n{body}"
    )
}

#[test]
fn a_good_file_gives_its_documents() {
    let text =
        format!("# first\n---\n{TENANT}---\n{}", check("  {plugin: http-probe, runInterval: 60s, timeout: 20s}\n"));
    let documents: Vec<_> = read_file(&file(&text)).into_iter().map(|read| read.expect("a document")).collect();
    let heads: Vec<_> = documents.iter().map(|d| (d.head().to_string(), d.source().line)).collect();
    assert_eq!(heads, [("Tenant acme".to_owned(), 3), ("Check acme-prod/c".to_owned(), 11)]);
    assert_eq!(documents[0].version().len(), 16);
}

#[test]
fn each_refusal_names_line_field_and_remedy() {
    let cases = [
        (
            "kind: Servce\n",
            "a.yaml:1: kind: `Servce` is unknown; write one of Tenant, Plugin, Check, FreezeRule, ReleasePolicy",
        ),
        (
            "kind: Check\napiVersion: v1\n",
            "a.yaml:2: apiVersion: is missing or unknown; write apiVersion: floorwalker.dev/v1alpha1",
        ),
        (
            &format!("{TENANT}status: {{}}\n"),
            "a.yaml:8: status: is written by the aggregator, never in a file; remove it",
        ),
        (
            &check("  plugin: p\n  runIntervall: 60s\n  timeout: 20s\n"),
            "a.yaml:6: spec.runIntervall: `runIntervall` is unknown; write one of plugin, service, config, secrets, grants, \
             runInterval, timeout, placement, mutating, alert, tier, layer, or remove it",
        ),
        (&check("  plugin: p\n  timeout: 20s\n"), "a.yaml:4: spec.runInterval: is missing; add runInterval"),
        (
            &check("  plugin: p\n  runInterval: 60\n  timeout: 20s\n"),
            "a.yaml:6: spec.runInterval: `60` reads as a number or a boolean; put it in quotes",
        ),
        (
            &check("  plugin: p\n  runInterval: 1.5h\n  timeout: 20s\n"),
            "a.yaml:6: spec.runInterval: `1.5h` is not a length of time such as 500ms, 60s, 5m, 2h or 1d; correct the value",
        ),
        (
            &check("  plugin: p\n  runInterval: 4s\n  timeout: 2s\n"),
            "a.yaml:6: spec.runInterval: 4s is under 5s; write 5s or more",
        ),
        (
            &check(
                "  plugin: p\n  runInterval: 60s\n  timeout: 20s\n  grants:\n    http:\n      - https://a.example:443\n      - a.example\n",
            ),
            "a.yaml:11: spec.grants.http[1]: `a.example` is not an origin such as https://shop.example:443 or \
             https://*.shop.example:443; correct the value",
        ),
        (
            &check("  plugin: p\n  runInterval: 60s\n  timeout: 20s\n  placement: {mode: Twice}\n"),
            "a.yaml:8: spec.placement.mode: `Twice` is not one of EveryNode, Once; write one of them",
        ),
        (&check("  plugin: p\n  plugin: q\n"), "a.yaml:6: the key `plugin` stands here twice; keep one"),
        ("- a\n", "a.yaml:1: a document is a map with apiVersion, kind, metadata and spec; write these four keys"),
    ];
    for (text, wanted) in cases {
        assert_eq!(refusals(text), [wanted], "of\n{text}");
    }
}

#[test]
fn a_broken_document_hides_neither_the_next_nor_its_own_head() {
    let broken = "apiVersion: floorwalker.dev/v1alpha1\nkind: FreezeRule\nmetadata: {name: r, namespace: acme-prod}\nspec: {owner: [\n";
    let read = read_file(&file(&format!("{broken}---\n{TENANT}")));
    assert_eq!(read.len(), 2);
    let refusal = read[0].as_ref().expect_err("broken");
    assert_eq!(refusal.head.as_ref().map(ToString::to_string).as_deref(), Some("FreezeRule acme-prod/r"));
    assert!(refusal.line >= 4, "{refusal}");
    assert!(read[1].is_ok());
}

#[test]
fn an_unreadable_head_is_no_head() {
    for text in ["kind: FreezeRule\nmetadata: {name: r, namespace: No}\n", "kind: Nope\n", "{\n"] {
        let read = read_file(&file(text));
        assert!(read.iter().all(|read| read.as_ref().is_err_and(|refusal| refusal.head.is_none())), "{text}");
        assert!(!read.is_empty());
    }
    let nameless = read_file(&file("kind: FreezeRule\nmetadata: {}\n"));
    let head = nameless[0].as_ref().expect_err("nameless").head.clone().expect("a kind is enough");
    assert_eq!((head.name, head.namespace), (None, None));
}

#[test]
fn fields_are_located_again_for_the_catalogue() {
    let text =
        format!("{TENANT}---\n\n{}", check("  plugin: p\n  runInterval: 60s\n  timeout: 20s\n  config: {url: x}\n"));
    let file = file(&text);
    let read = read_file(&file);
    let document = read[1].as_ref().expect("a check");
    assert_eq!(locate(&file, document.source(), "spec.config.url"), (17, 12));
    assert_eq!(locate(&file, document.source(), "spec.nothing").0, 13);
}

#[test]
fn unreadable_files_are_refused_whole() {
    let read = read_file(&FileText::unreadable("b.yaml", "permission denied"));
    assert_eq!(
        read[0].as_ref().expect_err("unreadable").to_string(),
        "b.yaml:1: permission denied; make it a readable text file, or split it"
    );
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// A good file with a few lines replaced, doubled or gone, and a few characters changed.
    fn mangled() -> impl Strategy<Value = String> {
        let good = format!(
            "{TENANT}---\n{}",
            check("  plugin: p\n  runInterval: 60s\n  timeout: 20s\n  config: {a: [1, {b: c}]}\n")
        );
        let lines: Vec<String> = good.lines().map(str::to_owned).collect();
        let odd = prop::sample::select(vec![
            "---",
            "{",
            "]",
            "a: &a [*a]",
            "\t",
            "- - -",
            "? !!x",
            "|",
            "spec:",
            "%YAML 1.2",
            "...",
        ]);
        let edit = (0..lines.len(), odd, 0..3u8);
        prop::collection::vec(edit, 1..4).prop_map(move |edits| {
            let mut lines = lines.clone();
            for (at, odd, what) in edits {
                let at = at.min(lines.len() - 1);
                match what {
                    0 => lines[at] = odd.to_owned(),
                    1 => lines.insert(at, odd.to_owned()),
                    _ => lines[at].push_str(odd),
                }
            }
            lines.join("\n")
        })
    }

    fn places_are_of_the_file(text: &str) {
        let lines = u32::try_from(text.lines().count()).expect("short") + 1;
        for refusal in read_file(&file(text)).into_iter().filter_map(Result::err) {
            assert!(refusal.line >= 1 && refusal.line <= lines.max(1), "{refusal} of\n{text}");
            assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty(), "{refusal:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*") {
            places_are_of_the_file(&text);
        }

        #[test]
        fn no_mangled_file_breaks_the_reader(text in mangled()) {
            places_are_of_the_file(&text);
        }
    }
}

#[test]
fn text_that_is_hardly_yaml_is_refused_in_an_authors_words() {
    for text in [": : [\n", "? \n", &check("  {plugin: ~, runInterval: 60s, timeout: 20s}\n"), "kind: !x Check\n"] {
        let said = refusals(text).join("\n");
        assert!(!said.is_empty(), "{text}");
        for foreign in ["Option", "String", "deserialize", "serde"] {
            assert!(!said.contains(foreign), "{text}{said}");
        }
    }
    assert!(refusals(": : [\n")[0].contains("nothing stands where a key"), "{:?}", refusals(": : [\n"));
}
