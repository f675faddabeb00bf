//! Hides secrets in what a guest reports: a target may echo one, and an author may print what the target said. A guard
//! against accidents, not against intent: whoever means to leak a secret finds a form that is not looked for.

use std::collections::BTreeMap;

use crate::outcome::{End, Outcome};
use crate::secret::{ENCODINGS, Secret};

/// Shorter ones would hide half of every text.
const MASKED_BYTES_MIN: usize = 4;
const HIDDEN: &str = "***";

/// The forms of a run's secrets.
pub(crate) struct Mask(Vec<String>);

impl Mask {
    pub(crate) fn new(secrets: &BTreeMap<String, Secret>) -> Self {
        let encoded = |secret: &Secret| ENCODINGS.map(|encoding| secret.encoded(encoding).ok());
        let mut forms: Vec<String> = secrets
            .values()
            .flat_map(encoded)
            .filter_map(|bytes| String::from_utf8(bytes?).ok())
            .filter(|form| form.len() >= MASKED_BYTES_MIN)
            .collect();
        // The longest first: one form may be the beginning of another.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self(forms)
    }

    /// Hides them in every text that the guest or the target had a part in.
    pub(crate) fn hide(&self, outcome: &mut Outcome) {
        if self.0.is_empty() {
            return;
        }
        match &mut outcome.end {
            End::Verdict(verdict) => {
                self.text(&mut verdict.summary);
                self.text(&mut verdict.details);
                verdict.reason.iter_mut().for_each(|reason| self.text(reason));
            }
            End::CheckError { reason, message } => {
                self.text(reason);
                self.text(message);
            }
            End::Panicked { message } | End::InvalidVerdict { message } => self.text(message),
            _ => {}
        }
        for step in &mut outcome.steps {
            self.text(&mut step.name);
            step.message.iter_mut().for_each(|message| self.text(message));
        }
        outcome.logs.iter_mut().for_each(|line| self.text(&mut line.message));
        for error in outcome.requests.iter_mut().filter_map(|request| request.error.as_mut()) {
            self.text(&mut error.message);
        }
        self.text(&mut outcome.stdio_tail);
    }

    fn text(&self, text: &mut String) {
        for form in &self.0 {
            if text.contains(form) {
                *text = text.replace(form, HIDDEN);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        let secrets = BTreeMap::from([
            ("key".to_owned(), Secret::new(b"pa\"ss word".to_vec())),
            ("pin".to_owned(), Secret::new(b"123".to_vec())),
        ]);
        let mask = Mask::new(&secrets);
        let mut text = "pa\"ss word, pa\\\"ss word, pa%22ss%20word, cGEic3Mgd29yZA==, 123".to_owned();
        mask.text(&mut text);
        assert_eq!(text, "***, ***, ***, ***, 123");
    }

    #[test]
    fn without_secrets_nothing_changes() {
        let mask = Mask::new(&BTreeMap::new());
        let mut text = "***".to_owned();
        mask.text(&mut text);
        assert_eq!(text, "***");
    }
}
