//! Tests of `next`: what is in force after files change, and whose law is lost.

use super::*;
use crate::catalogue::{Binding, DescribedPlugin};
use crate::id::{Digest, EnvironmentName};

const HEAD: &str = "apiVersion: floorwalker.dev/v1alpha1\n";
const PROBE: &str = r#"{"name": "http-probe", "version": "1", "kind": "probe", "capabilities": ["http"],
    "config": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}, "additionalProperties": false}}"#;

fn digest() -> Digest {
    Digest::of(b"probe")
}

fn described() -> DescribedPlugins {
    let plugin = DescribedPlugin::parse(digest(), PROBE).expect("described");
    [(digest(), Ok(Arc::new(plugin)))].into()
}

fn file(path: &str, text: &str) -> FileText {
    FileText { path: path.to_owned(), text: Ok(text.to_owned()) }
}

fn tenant(name: &str, namespace: &str) -> String {
    format!(
        "{HEAD}kind: Tenant\nmetadata: {{name: {name}}}\nspec:\n  timeZone: Europe/Berlin\n  services: [shop]\n  \
         environments: [{{name: prod, namespaces: [{namespace}]}}]\n  ceiling: {{http: [\"https://*.acme.example:443\"], checks: 2}}\n"
    )
}

fn plugin() -> String {
    format!(
        "{HEAD}kind: Plugin\nmetadata: {{name: http-probe}}\nspec: {{source: {{file: p.wasm}}, digest: \"{}\"}}\n",
        digest()
    )
}

fn check(name: &str, config: &str) -> String {
    format!(
        "{HEAD}kind: Check\nmetadata: {{name: {name}, namespace: acme-prod}}\nspec:\n  plugin: http-probe\n  service: shop\n  \
         runInterval: 60s\n  timeout: 20s\n  config: {config}\n  grants: {{http: [\"https://shop.acme.example:443\"]}}\n"
    )
}

fn rule(meta: &str, body: &str) -> String {
    format!("{HEAD}kind: FreezeRule\nmetadata: {meta}\nspec:\n  owner: ops\n  effect: deny\n  when: {body}\n")
}

const WINDOW: &str = "{timezone: tenant-local, weekly: [{from: \"fri 14:00\", to: \"mon 06:00\"}]}";

fn base() -> Vec<FileText> {
    vec![file("tenants/acme.yaml", &tenant("acme", "acme-prod")), file("plugins/probe.yaml", &plugin())]
}

fn with(files: &[(&str, &str)]) -> Vec<FileText> {
    let mut texts = base();
    texts.extend(files.iter().map(|(path, text)| file(path, text)));
    texts
}

fn refused(catalogue: &Catalogue) -> Vec<String> {
    catalogue.refused.iter().map(ToString::to_string).collect()
}

#[test]
fn a_check_is_bound_admitted_and_assigned() {
    let texts = with(&[("c.yaml", &check("web", "{url: \"https://shop.acme.example/web/health\"}"))]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    assert_eq!(refused(&catalogue), [""; 0]);
    let check = catalogue.checks.values().next().expect("admitted");
    let assignment = check.assignment(|_| None);
    assert_eq!(assignment.tenant.as_ref().map(TenantName::as_str), Some("acme"));
    assert_eq!(assignment.environment.as_ref().map(EnvironmentName::as_str), Some("prod"));
    assert_eq!(assignment.target, "https://shop.acme.example");
    assert_eq!((assignment.interval_ms, assignment.timeout_ms, assignment.limits.wall_ms), (60_000, 20_000, 20_000));
    assert_eq!(assignment.grants.allow_http(&"https://shop.acme.example:443".parse().expect("an origin")), Ok(()));
    assert_eq!(catalogue.plugins.values().next().map(|plugin| plugin.file.as_str()), Some("plugins/p.wasm"));
}

#[test]
fn what_does_not_fit_is_refused_at_its_line() {
    let texts = with(&[
        ("a.yaml", &check("typo", "{url: \"https://a\", urrl: 1}")),
        ("b.yaml", &check("twice", "{url: \"https://a\"}")),
        ("c.yaml", &check("twice", "{url: \"https://b\"}")),
        ("d.yaml", &check("other", "{url: \"https://b\"}").replace("acme-prod", "nobodys")),
        ("e.yaml", &check("erp", "{url: \"https://b\"}").replace("service: shop", "service: erp")),
        ("f.yaml", &check("files", "{url: \"https://b\"}").replace("http:", "nodeFiles: [/etc/hosts], http:")),
        ("g.yaml", &check("gone", "{url: \"https://b\"}").replace("plugin: http-probe", "plugin: gone")),
    ]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    let wanted = [
        "a.yaml:9: spec.config.urrl: is unknown to the plugin; remove it",
        "c.yaml:3: metadata.name: Check acme-prod/twice stands already in b.yaml:1; rename one, or remove it",
        "d.yaml:3: metadata.namespace: `nobodys` belongs to no tenant; bind it in one Tenant, under spec.environments",
        "e.yaml:6: spec.service: `erp` is not a service of the tenant; add it to the Tenant, or correct it",
        "f.yaml:10: spec.grants.nodeFiles: the plugin http-probe does not ask for `node`; remove it",
        "g.yaml:5: spec.plugin: there is no Plugin `gone` in the check's namespace or the platform's; add the Plugin, or correct the name",
    ];
    assert_eq!(refused(&catalogue), wanted);
    assert_eq!(catalogue.checks.len(), 1);
}

#[test]
fn a_refused_check_is_held_for_whoever_requires_it() {
    let texts = with(&[
        ("a.yaml", &check("typo", "{url: \"https://a\", urrl: 1}")),
        ("b.yaml", &check("fit", "{url: \"https://b\"}")),
        ("c.yaml", &check("nobodys", "{url: \"https://b\"}").replace("acme-prod", "nobodys")),
    ]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    let held = |catalogue: &Catalogue| {
        let words = catalogue.unfit.iter().map(|check| {
            let Binding { tenant, environment } = &check.binding;
            format!("{tenant} {environment} {} {}", check.manifest.id(), check.refused_at)
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(held(&catalogue), ["acme prod acme-prod/typo a.yaml:9: spec.config.urrl"]);
    let acme: TenantName = "acme".parse().expect("a name");
    assert_eq!((catalogue.unfit_of(&acme).count(), catalogue.checks_of(&acme).count()), (1, 1));

    let mended = [base(), vec![texts[3].clone()]].concat();
    let mended = next(&catalogue, &mended, &described());
    assert!(mended.unfit.is_empty() && mended.version != catalogue.version);

    let contested = [texts, vec![file("tenants/globex.yaml", &tenant("globex", "acme-prod"))]].concat();
    let claimed = held(&next(&catalogue, &contested, &described()));
    assert_eq!(claimed.len(), 4, "both who claim the namespace miss both: {claimed:?}");
}

#[test]
fn a_tenant_has_no_more_checks_than_its_ceiling() {
    let names = ["a", "b", "c"].map(|name| check(name, "{url: \"https://a\"}"));
    let texts = with(&[("c.yaml", &names.join("---\n"))]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    assert_eq!(catalogue.checks.len(), 2);
    assert_eq!(catalogue.refused.len(), 1);
}

#[test]
fn an_undescribed_plugin_holds_its_checks_and_nothing_else() {
    let texts = with(&[("c.yaml", &check("web", "{url: \"https://a\"}")), ("r.yaml", &rule("{name: r}", WINDOW))]);
    let catalogue = next(&Catalogue::default(), &texts, &DescribedPlugins::new());
    assert!(catalogue.checks.is_empty() && catalogue.rules.len() == 1 && catalogue.plugins.len() == 1);
    let failed = [(digest(), Err("imports wasi:sockets".to_owned()))].into();
    let catalogue = next(&catalogue, &texts, &failed);
    assert!(refused(&catalogue)[0].contains("cannot run: imports wasi:sockets"));
    let catalogue = next(&catalogue, &texts, &described());
    assert_eq!(catalogue.checks.len(), 1);
}

#[test]
fn a_namespace_claimed_twice_belongs_to_nobody_and_its_law_closes_both() {
    let texts = with(&[
        ("tenants/globex.yaml", &tenant("globex", "acme-prod")),
        ("c.yaml", &check("web", "{url: \"https://a\"}")),
        ("r.yaml", &rule("{name: r, namespace: acme-prod}", WINDOW)),
    ]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    assert!(catalogue.checks.is_empty() && catalogue.namespaces.is_empty());
    let scopes: Vec<_> = catalogue.broken_law.iter().map(|law| format!("{} {}", law.scope, law.rule)).collect();
    assert_eq!(scopes, ["tenant acme acme-prod/r", "tenant globex acme-prod/r"]);
    assert!(refused(&catalogue).contains(
        &"tenants/acme.yaml:7: spec.environments[0].namespaces[0]: `acme-prod` is claimed by acme and globex and belongs to nobody; \
          leave it in one Tenant"
            .to_owned()
    ));
}

#[test]
fn a_file_that_breaks_keeps_what_it_last_defined() {
    let good = rule("{name: r, namespace: acme-prod}", WINDOW);
    let first = next(&Catalogue::default(), &with(&[("r.yaml", &good)]), &described());
    for broken in [good.replace("to: ", "too: "), "{".to_owned(), good.replace("when", "wen")] {
        let second = next(&first, &with(&[("r.yaml", &broken)]), &described());
        assert_eq!(second.rules, first.rules, "{broken}");
        assert!(second.broken_law.is_empty() && !second.refused.is_empty());
        assert_eq!(second.version, first.version);
        let third = next(&second, &with(&[("r.yaml", &broken)]), &described());
        assert_eq!(third.rules, first.rules);
        let gone = next(&third, &base(), &described());
        assert!(gone.rules.is_empty() && gone.refused.is_empty());
    }
}

#[test]
fn only_the_broken_document_is_kept_when_it_says_which_it_is() {
    let (a, b) = (rule("{name: a}", WINDOW), rule("{name: b}", WINDOW));
    let first = next(&Catalogue::default(), &with(&[("r.yaml", &format!("{a}---\n{b}"))]), &described());
    assert_eq!(first.rules.len(), 2);
    let second = next(&first, &with(&[("r.yaml", &b.replace("when", "wen"))]), &described());
    assert_eq!(second.rules.iter().map(|law| law.manifest.id()).collect::<Vec<_>>(), ["b"]);
    let moved = next(&second, &with(&[("r.yaml", "{"), ("s.yaml", &b.replace("ops", "retail"))]), &described());
    assert_eq!(
        moved.rules[0].manifest.spec.owner, "retail",
        "what stands in a file now comes before what one last held"
    );
}

#[test]
fn law_that_never_parsed_closes_its_scope() {
    let scopes = |text: &str| {
        let catalogue = next(&Catalogue::default(), &with(&[("r.yaml", text)]), &described());
        catalogue.broken_law.iter().map(|law| format!("{} {}", law.scope, law.rule)).collect::<Vec<_>>()
    };
    assert_eq!(scopes(&rule("{name: r, namespace: acme-prod}", "{timezone: CET}")), ["tenant acme acme-prod/r"]);
    assert_eq!(scopes(&rule("{name: r}", "[")), ["platform r"]);
    assert_eq!(scopes(&rule("{nam: r}", WINDOW)), ["platform (no readable name)"]);
    assert_eq!(scopes(&rule("{name: r, namespace: nobodys}", "[")), [""; 0]);
    assert_eq!(scopes(&rule("{name: r}", WINDOW).replace("FreezeRule", "FreezRule")), [""; 0]);
    let unknown = rule("{name: r, namespace: acme-prod}", &format!("{WINDOW}\n  match: {{environments: [prd]}}"));
    assert_eq!(scopes(&unknown), ["tenant acme acme-prod/r"]);
}

#[test]
fn a_tenants_law_is_its_own() {
    let texts =
        with(&[("r.yaml", &rule("{name: r, namespace: acme-prod}", WINDOW)), ("p.yaml", &rule("{name: p}", WINDOW))]);
    let catalogue = next(&Catalogue::default(), &texts, &described());
    let (acme, globex): (TenantName, TenantName) = ("acme".parse().expect("a name"), "globex".parse().expect("a name"));
    let names = |tenant: &TenantName| {
        catalogue.rules.iter().filter(|law| law.is_for(tenant)).map(|law| law.manifest.id()).collect::<Vec<_>>()
    };
    assert_eq!(names(&acme), ["p", "acme-prod/r"]);
    assert_eq!(names(&globex), ["p"]);
}
