//! A Rust file as the rules see it: resolved paths, functions and attributes, each with its line. Pure.
//!
//! Tokens, not text: a word in a comment or a string is no use of it. Imports are resolved within the file.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) paths: Vec<PathUse>,
    pub(crate) functions: Vec<Function>,
    /// Attributes as text without spaces: `ignore`, `allow(dead_code)`.
    pub(crate) attributes: Vec<Attribute>,
    /// The full path of each name that the file imports.
    pub(crate) imports: BTreeMap<String, String>,
}

/// A path as it is written, its first segment resolved by the file's imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathUse {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) place: Place,
    /// Fields follow in braces: a value of this type is made.
    pub(crate) is_made: bool,
}

/// Whether code is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Shipped,
    /// Under `#[cfg(test)]`.
    Test,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
    pub(crate) place: Place,
    /// A parameter of type `bool` that our own signature chose: not one of a trait's implementation.
    pub(crate) takes_bool: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Reads a file. An unreadable one is the compiler's matter and scans as empty.
pub(crate) fn scan(text: &str) -> Scan {
    let Ok(tokens) = text.parse::<TokenStream>() else { return Scan::default() };
    let mut walk = Walk::default();
    walk.list(tokens, Place::Shipped, Signature::Own);
    let Walk { mut scan, modules: _ } = walk;
    for used in &mut scan.paths {
        let (first, rest) = used.path.split_once("::").map_or((used.path.as_str(), None), |(a, b)| (a, Some(b)));
        if let Some(full) = scan.imports.get(first) {
            used.path = rest.map_or_else(|| full.clone(), |rest| format!("{full}::{rest}"));
        }
    }
    scan
}

/// Who chose a function's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signature {
    Own,
    Trait,
}

#[derive(Default)]
struct Walk {
    scan: Scan,
    /// Modules within the file around the present token.
    modules: usize,
}

// === impl Walk ===

impl Walk {
    fn list(&mut self, tokens: TokenStream, around: Place, signature: Signature) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut at, mut place) = (0, around);
        let (mut inside, mut module) = (signature, 0);
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Group(group) => {
                    if is_attribute(&tokens, at) {
                        self.attribute(group);
                        place = if is_test_only(group) { Place::Test } else { place };
                    } else {
                        self.modules += module;
                        self.list(group.stream(), place, inside);
                        self.modules -= module;
                        if group.delimiter() == Delimiter::Brace {
                            (place, inside, module) = (around, signature, 0);
                        }
                    }
                    at += 1;
                }
                TokenTree::Punct(punct) => {
                    (place, module) = if punct.as_char() == ';' { (around, 0) } else { (place, module) };
                    at += 1;
                }
                TokenTree::Ident(word) if *word == "use" => at = self.import(&tokens, at + 1, place),
                TokenTree::Ident(word) => {
                    if *word == "fn" {
                        self.function(&tokens[at..], place, inside);
                    } else if *word == "impl" && implements_trait(&tokens[at..]) {
                        inside = Signature::Trait;
                    } else if *word == "mod" {
                        module = 1;
                    }
                    at = self.path(&tokens, at, place);
                }
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    fn attribute(&mut self, group: &Group) {
        let text = group.stream().to_string().replace(' ', "");
        self.scan.attributes.push(Attribute { text, line: group.span_open().start().line });
    }

    /// A path from `at` on; where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize, place: Place) -> usize {
        let Some(TokenTree::Ident(first)) = tokens.get(at) else { return at + 1 };
        let mut path = first.to_string();
        let mut end = at + 1;
        while let (true, Some(TokenTree::Ident(next))) = (is_double_colon(tokens, end), tokens.get(end + 2)) {
            path.push_str("::");
            path.push_str(&next.to_string());
            end += 3;
        }
        let is_member = at > 0 && is_punct(tokens, at - 1, '.') && !(at > 1 && is_punct(tokens, at - 2, '.'));
        if !is_member && !is_punct(tokens, end, '!') {
            let path = of_file(path, self.modules);
            let is_made = is_made(tokens, at, end);
            self.scan.paths.push(PathUse { path, line: first.span().start().line, place, is_made });
        }
        end
    }

    /// An import from `at` on; where it ends. Each leaf is a use of its full path, and names it in this file.
    fn import(&mut self, tokens: &[TokenTree], at: usize, place: Place) -> usize {
        let length = tokens[at..].iter().take_while(|token| !is(token, ';')).count();
        self.branch("", &tokens[at..at + length], place);
        at + length
    }

    fn branch(&mut self, prefix: &str, tokens: &[TokenTree], place: Place) {
        for tree in tokens.split(|token| is(token, ',')) {
            let mut path = prefix.to_owned();
            let mut renamed = None;
            let mut line = None;
            for (index, token) in tree.iter().enumerate() {
                match token {
                    TokenTree::Ident(word) if *word == "as" => {
                        renamed = tree.get(index + 1).map(ToString::to_string);
                        break;
                    }
                    TokenTree::Ident(word) => {
                        line = Some(word.span().start().line);
                        path = joined(&path, word);
                    }
                    TokenTree::Group(group) => {
                        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.branch(&path, &inner, place);
                        line = None;
                    }
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
            if let Some(line) = line {
                let path = of_file(path.strip_suffix("::self").unwrap_or(&path).to_owned(), self.modules);
                let name = renamed.or_else(|| path.rsplit("::").next().map(str::to_owned));
                self.scan.imports.extend(name.map(|name| (name, path.clone())));
                self.scan.paths.push(PathUse { path, line, place, is_made: false });
            }
        }
    }

    fn function(&mut self, tokens: &[TokenTree], place: Place, signature: Signature) {
        let Some(TokenTree::Ident(name)) = tokens.get(1) else { return };
        let mut takes_bool = false;
        for token in &tokens[2..] {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    takes_bool |= signature == Signature::Own && has_bool(group);
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let line = name.span().start().line;
                    let lines = group.span_close().end().line + 1 - line;
                    self.scan.functions.push(Function { name: name.to_string(), line, lines, place, takes_bool });
                    return;
                }
                other if is(other, ';') => return,
                _ => {}
            }
        }
    }
}

/// A path in a module within the file, as the file's own module would write it.
fn of_file(path: String, modules: usize) -> String {
    let outwards = path.split("::").take_while(|segment| *segment == "super").count().min(modules);
    match outwards {
        0 => path,
        _ => format!("self{}", &path["super::".len() * outwards - "::".len()..]),
    }
}

fn joined(prefix: &str, word: &Ident) -> String {
    if prefix.is_empty() { word.to_string() } else { format!("{prefix}::{word}") }
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    tokens.get(at).is_some_and(|token| is(token, wanted))
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

/// `Type { … }`, but not where one is taken apart, or a body follows its name.
fn is_made(tokens: &[TokenTree], at: usize, end: usize) -> bool {
    let has_fields = matches!(tokens.get(end), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
    let before = at.checked_sub(1).map(|before| tokens[before].to_string());
    has_fields && !before.is_some_and(|before| [">", "let", "impl", "for", "struct"].contains(&before.as_str()))
}

/// `#[…]` or `#![…]`.
fn is_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let after_hash = at > 0 && is_punct(tokens, at - 1, '#');
    let after_bang = at > 1 && is_punct(tokens, at - 1, '!') && is_punct(tokens, at - 2, '#');
    after_hash || after_bang
}

fn is_test_only(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test")
}

/// `impl … for … {`, where `for<'a>` is no such `for`.
fn implements_trait(tokens: &[TokenTree]) -> bool {
    let head = tokens
        .iter()
        .take_while(|token| !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
    let head: Vec<&TokenTree> = head.collect();
    head.iter().enumerate().any(|(at, token)| {
        matches!(token, TokenTree::Ident(word) if *word == "for") && !head.get(at + 1).is_some_and(|next| is(next, '<'))
    })
}

/// `name: bool` among the parameters.
fn has_bool(parameters: &Group) -> bool {
    let tokens: Vec<TokenTree> = parameters.stream().into_iter().collect();
    tokens.windows(2).any(|pair| is(&pair[0], ':') && pair[1].to_string() == "bool")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        scan(text).paths.into_iter().map(|used| used.path).collect()
    }

    #[test]
    fn imports_resolve_however_they_are_written() {
        for text in [
            "fn f() { std::env::var(\"A\"); }",
            "use std::env; fn f() { env::var(\"A\"); }",
            "use std::{fs, env::{self, consts}}; fn f() { env::var(\"A\"); }",
            "use std::env::var; fn f() { var(\"A\"); }",
            "use std::env as e; fn f() { println!(\"{:?}\", e::var(\"A\")); }",
        ] {
            assert!(paths(text).contains(&"std::env::var".to_owned()), "{text}: {:?}", paths(text));
        }
    }

    #[test]
    fn a_module_within_a_file_is_no_file_of_its_own() {
        let text = "mod inner { use super::a::b; mod deeper { use super::super::super::c; } } use super::d;";
        assert_eq!(
            paths(text).into_iter().filter(|path| path.contains("::")).collect::<Vec<_>>(),
            ["self::a::b", "self::super::c", "super::d"]
        );
        assert_eq!(of_file("super".to_owned(), 1), "self");
    }

    #[test]
    fn comments_strings_members_and_macros_are_no_use() {
        let text = "// std::env::var\nfn f() { let a = \"std::env::var\"; self.spawn(); env!(\"A\"); }";
        let found = paths(text);
        assert!(!found.iter().any(|path| path.contains("env") || path == "spawn"), "{found:?}");
    }

    #[test]
    fn test_code_is_told_from_shipped_code() {
        let text = "fn f() { a::b() }\n#[cfg(test)]\nmod tests { use c::d; }\nfn g() { e::f() }";
        let place = |path: &str| {
            let scan = scan(text);
            scan.paths.iter().find(|used| used.path == path).map(|used| used.place)
        };
        assert_eq!(place("a::b"), Some(Place::Shipped));
        assert_eq!(place("c::d"), Some(Place::Test));
        assert_eq!(place("e::f"), Some(Place::Shipped));
    }

    #[test]
    fn functions_are_measured_and_their_bools_seen() {
        let text = "struct S;\nimpl S {\n fn a(&self, loud: bool) {\n  1;\n }\n}\n\
                    impl T for S { fn b(&self, loud: bool) {} }\ntrait T { fn c(loud: &str); }";
        let functions = scan(text).functions;
        assert_eq!(functions.len(), 2, "a signature alone has no length");
        assert_eq!((functions[0].line, functions[0].lines, functions[0].takes_bool), (3, 3, true));
        assert!(!functions[1].takes_bool, "the trait chose it");
    }

    #[test]
    fn attributes_are_kept_as_text() {
        let scan = scan("#[test]\n#[ignore = \"slow\"]\nfn f() {}");
        assert_eq!(scan.attributes[1], Attribute { text: "ignore=\"slow\"".to_owned(), line: 2 });
    }
}
