//! Hostile components that no compiler of Rust makes: several memories, imports that nobody offers, code that is there
//! to be expensive to compile, bytes that are no component. Written as text of the component model; called by tests.

/// The contract's types, and the two exports of the world `check` over a core module `main`.
const FRAME: &str = include_str!("raw/frame.wat");

/// Memories of `memory_bomb_of_many_memories`, over the two that a slot of the pool has.
const MANY: usize = 8;
/// Loops in one another in `compile_bomb`, and variables that live through all of them: each is a value of its own in
/// each loop, so that 30 KB of code become a million values.
const BOMB_LOOPS: usize = 500;
const BOMB_VARIABLES: usize = 2_000;

/// The component of a name in `RAW`.
///
/// # Panics
/// Nothing is made under that name.
#[must_use]
pub fn component(name: &str) -> Vec<u8> {
    match name {
        "compile_bomb" => compile_bomb(),
        "compiled_memory_bomb" => compiled_memory_bomb(),
        "malformed_component" => malformed(),
        "memory_bomb_of_many_memories" => memory_bomb(MANY),
        "memory_bomb_of_several_memories" => memory_bomb(2),
        "unoffered_import" => importing("wasi:sockets/tcp@0.2.6"),
        other => panic!("`{other}` is not in RAW"),
    }
}

/// A component that imports an empty instance of this name and is nothing else.
#[must_use]
pub fn importing(name: &str) -> Vec<u8> {
    encode(&format!(r#"(component (import "{name}" (instance)))"#))
}

/// One module for each memory. The run grows them in turn, a MiB at a time, each of them far below any limit of its own.
fn memory_bomb(memories: usize) -> Vec<u8> {
    let (mut modules, mut instances, mut withs, mut imports, mut calls) = Default::default();
    let add = |text: &mut String, more: String| text.push_str(&more);
    for n in 1..memories {
        add(
            &mut modules,
            format!("(core module $M{n} (memory 1) (func (export \"grow\") (drop (memory.grow (i32.const 16)))))\n"),
        );
        add(&mut instances, format!("(core instance $m{n} (instantiate $M{n}))\n"));
        add(&mut withs, format!("(with \"m{n}\" (instance $m{n})) "));
        add(&mut imports, format!("(import \"m{n}\" \"grow\" (func $grow{n}))\n"));
        add(&mut calls, format!("(call $grow{n})\n"));
    }
    let run = format!("(loop $on (drop (memory.grow (i32.const 16)))\n{calls}(br $on)) unreachable");
    encode(&framed(&format!("{modules}{instances}"), &withs, &imports, "", &run))
}

/// One function of loops within loops, each of which may change every variable.
fn compile_bomb() -> Vec<u8> {
    let each = |text: &dyn Fn(usize) -> String| (0..BOMB_VARIABLES - 1).map(text).collect::<String>();
    let changed = each(&|n| format!("(local.set {n} (i64.add (local.get {n}) (local.get {})))\n", n + 1));
    let used = each(&|n| format!("(local.set {n} (i64.xor (local.get {n}) (local.get {})))\n", n + 1));
    let (begin, end) = ("(loop ".repeat(BOMB_LOOPS), "(br_if 0 (i32.wrap_i64 (local.get 0))))".repeat(BOMB_LOOPS));
    let locals = " i64".repeat(BOMB_VARIABLES);
    let function = format!("(func (result i64) (local{locals}) {begin}{changed}{end}{used}(local.get 0))");
    encode(&framed("", "", "", &function, "unreachable"))
}

/// A few bytes that want a table of more elements than a machine has memory for.
fn compiled_memory_bomb() -> Vec<u8> {
    encode(&framed("", "", "", "(table 1000000000 1000000000 funcref)", "unreachable"))
}

/// The head of a component, and then what is none.
fn malformed() -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend((0..4_096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

fn framed(modules: &str, withs: &str, imports: &str, functions: &str, run: &str) -> String {
    let parts = [(";;modules", modules), (";;withs", withs), (";;imports", imports), (";;functions", functions)];
    let frame = parts.iter().fold(FRAME.to_owned(), |text, (mark, part)| text.replace(mark, part));
    frame.replace(";;run", run)
}

fn encode(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a component")
}
