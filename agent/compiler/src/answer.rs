//! The answer: one line of JSON, then the artefact. `process` reads it on the other side.

use std::io::Write;

use anyhow::Context as _;
use serde::Serialize;

/// What was made of a component.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) artefact: Vec<u8>,
}

/// The first line.
#[derive(Serialize)]
pub(crate) struct Head {
    /// The component's own answer, unchecked.
    pub(crate) describe: String,
    pub(crate) artefact_bytes: usize,
    /// `host::Engine::compatibility` of the engine that may load it.
    pub(crate) engine: String,
    /// Its world: `check` or `journey`.
    pub(crate) kind: &'static str,
    pub(crate) imports: Vec<String>,
    /// Limits that this machine could not apply.
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    pub(crate) fn write(&self, mut to: impl Write) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(&self.head).context("the answer is not JSON")?;
        line.push(b'\n');
        to.write_all(&line)
            .and_then(|()| to.write_all(&self.artefact))
            .and_then(|()| to.flush())
            .context("the answer was not taken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_what_follows() {
        let head = Head {
            describe: "{\"name\":\"a\\n\"}".to_owned(),
            artefact_bytes: 4,
            engine: "48".to_owned(),
            kind: "check",
            imports: Vec::new(),
            warnings: Vec::new(),
        };
        let mut written = Vec::new();
        Answer { head, artefact: b"code".to_vec() }.write(&mut written).expect("written");
        let end = written.iter().position(|byte| *byte == b'\n').expect("a line");
        let read: serde_json::Value = serde_json::from_slice(&written[..end]).expect("JSON");
        assert_eq!((read["artefact_bytes"].as_u64(), &written[end + 1..]), (Some(4), &b"code"[..]));
    }
}
