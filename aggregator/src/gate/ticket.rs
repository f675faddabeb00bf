//! Tickets: what an allow hands out and a start takes back. Five minutes, one use, bound to who asked and to what was
//! asked; only a hash is stored. Minted by the gate, held against a start by `release/start`.

use api::http::decision::Ask;
use api::id::Digest;
use policy::Code;
use sha2::{Digest as _, Sha256};

use crate::authn::random;
use crate::store::decision::StoredTicket;

/// What every ticket begins with, so that secret scanners know it.
const PREFIX: &str = "fwk_";
/// 256 random bits need no slow hash.
const SECRET_BYTES: usize = 32;

/// A new ticket: what is shown once, and what is stored.
#[derive(Debug)]
pub struct Minted {
    /// `fwk_<secret>`.
    pub text: String,
    /// SHA-256 of the text.
    pub sha256: [u8; 32],
}

/// What a start says it is about.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Who starts, as the audit trail names it.
    pub principal: &'a str,
    /// The question that its release, environment and action amount to.
    pub question: &'a Ask,
    /// The release's subject.
    pub subject: &'a Digest,
    /// Now, in milliseconds since 1970 UTC.
    pub now_ms: i64,
}

/// Makes a ticket.
pub fn mint() -> Minted {
    let text = format!("{PREFIX}{}", hex::encode(random::bytes::<SECRET_BYTES>()));
    let sha256 = hash(&text);
    Minted { text, sha256 }
}

/// What a ticket is stored as.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Holds a ticket against a start. Whoever it does not belong to learns nothing else of it.
///
/// # Errors
/// The code of the first thing that does not hold, and what to do.
pub fn check(ticket: &StoredTicket, claim: &Claim<'_>) -> Result<(), (Code, &'static str)> {
    let (bound, wanted) = (&ticket.question, claim.question);
    let same_place = bound.environment == wanted.environment && bound.service == wanted.service;
    let same_release = bound.release.is_none() || bound.release == wanted.release;
    if ticket.principal != claim.principal || !same_place || !same_release || bound.action != wanted.action {
        return Err((Code::TicketScope, "ask for a decision about this release, environment and action yourself"));
    }
    if ticket.is_used {
        return Err((Code::TicketUsed, "a ticket starts one deployment; ask for a new decision"));
    }
    if claim.now_ms >= ticket.expires_at_ms {
        return Err((Code::TicketExpired, "a ticket lives five minutes; ask for a new decision"));
    }
    let asked = bound.subject.as_ref().map(|subject| &subject.digest);
    let started = wanted.subject.as_ref().map(|subject| &subject.digest);
    // A question without a subject named a release, whose subject it is.
    if asked.is_some_and(|asked| asked != claim.subject) || started != Some(claim.subject) {
        return Err((Code::DigestMismatch, "start exactly the digest that was decided about"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(action: &str, content: &str) -> Ask {
        serde_json::from_value(serde_json::json!({
            "tenant": "acme", "environment": "prod", "service": "shop", "action": action,
            "subject": {"digest": Digest::of(content.as_bytes()).as_str()},
        }))
        .expect("a question")
    }

    fn ticket() -> StoredTicket {
        StoredTicket {
            decision: "d".to_owned(),
            principal: "token:a".to_owned(),
            question: question("deploy", "new"),
            expires_at_ms: 1_000,
            is_used: false,
        }
    }

    #[test]
    fn a_ticket_holds_for_what_it_was_minted_for_once_and_in_time() {
        let subject = Digest::of(b"new");
        let verdict = |ticket: &StoredTicket, principal: &str, question: &Ask, now_ms: i64| {
            check(ticket, &Claim { principal, question, subject: &subject, now_ms }).map_err(|(code, _)| code)
        };
        let good = question("deploy", "new");
        assert_eq!(verdict(&ticket(), "token:a", &good, 999), Ok(()));
        assert_eq!(verdict(&ticket(), "token:b", &good, 999), Err(Code::TicketScope));
        assert_eq!(verdict(&ticket(), "token:a", &question("rollback", "new"), 999), Err(Code::TicketScope));
        let elsewhere = Ask { environment: "staging".to_owned(), ..good.clone() };
        assert_eq!(verdict(&ticket(), "token:a", &elsewhere, 999), Err(Code::TicketScope));
        assert_eq!(verdict(&ticket(), "token:a", &question("deploy", "swapped"), 999), Err(Code::DigestMismatch));
        assert_eq!(verdict(&ticket(), "token:a", &good, 1_000), Err(Code::TicketExpired));
        let used = StoredTicket { is_used: true, ..ticket() };
        assert_eq!(verdict(&used, "token:a", &good, 5_000), Err(Code::TicketUsed));
        assert_eq!(
            verdict(&used, "token:b", &good, 5_000),
            Err(Code::TicketScope),
            "a thief learns nothing of its use"
        );
        let other = Ask { release: Some("r2".to_owned()), ..good.clone() };
        let bound = StoredTicket { question: Ask { release: Some("r1".to_owned()), ..good }, ..ticket() };
        assert_eq!(verdict(&bound, "token:a", &other, 999), Err(Code::TicketScope));
    }

    #[test]
    fn what_is_stored_is_not_what_is_shown() {
        let minted = mint();
        assert_eq!(hash(&minted.text), minted.sha256);
        assert!(minted.text.starts_with("fwk_") && minted.text.len() == 68);
    }
}
