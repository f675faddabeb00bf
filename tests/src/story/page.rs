//! How the story reads: a numbered headline per step, then what was asked and what came back. Written to by `steps`
//! and `gate`; decides nothing.

use std::io::Write;

/// Where the story is told.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    step: u32,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, step: 0 }
    }

    /// A line that is no step.
    pub fn says(&mut self, what: &str) {
        self.line(what);
    }

    /// The headline of the next step.
    pub fn step(&mut self, headline: &str) {
        self.step += 1;
        let step = self.step;
        self.line(&format!("\n{step}. {headline}"));
    }

    /// Something that was done to the world.
    pub fn does(&mut self, what: &str) {
        self.line(&format!("   * {what}"));
    }

    /// A request.
    pub fn asks(&mut self, what: &str) {
        self.line(&format!("   > {what}"));
    }

    /// Its answer.
    pub fn hears(&mut self, what: &str) {
        self.line(&format!("   < {what}"));
    }

    /// A reader who went away is no reason to stop: the steps are checked all the same.
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
        let _ = self.out.flush();
    }
}
