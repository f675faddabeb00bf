//! The judgement of an answer: what is expected, in the order a person would ask. Called by `lib`; it makes no call.

use floorwalker_sdk::host::http::Response;
use floorwalker_sdk::{CheckError, Reason, Verdict};
use regex_lite::Regex;

use crate::{HttpProbe, Redirects};

/// Statuses that come with a `Location` (RFC 9110, 15.4).
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// A configuration whose pattern is compiled.
pub(crate) struct Expected<'a> {
    probe: &'a HttpProbe,
    pattern: Option<Regex>,
}

impl<'a> Expected<'a> {
    /// # Errors
    /// `invalid-config` for what no schema can see.
    pub(crate) fn new(probe: &'a HttpProbe) -> Result<Self, CheckError> {
        let refuse = |message: String| CheckError::new(Reason::InvalidConfig, message);
        let wants_days = probe.certificate_days.warn.or(probe.certificate_days.fail).is_some();
        if wants_days && !probe.url.starts_with("https://") {
            return Err(refuse("config.certificateDays: the URL is not https".to_owned()));
        }
        let pattern = probe.body.matches.as_deref().map(Regex::new).transpose();
        Ok(Self { probe, pattern: pattern.map_err(|error| refuse(format!("config.body.matches: {error}")))? })
    }

    /// Judges an answer. The first thing that fails is said; then the first that warns.
    pub(crate) fn judge(&self, answer: &Response) -> Verdict {
        let verdict = self
            .redirect(answer)
            .or_else(|| self.status(answer))
            .or_else(|| self.body(answer))
            .or_else(|| self.slow(answer, self.probe.latency_ms.fail, Verdict::fail))
            .or_else(|| self.expiring(answer, self.probe.certificate_days.fail, Verdict::fail))
            .or_else(|| self.slow(answer, self.probe.latency_ms.warn, Verdict::warn))
            .or_else(|| self.expiring(answer, self.probe.certificate_days.warn, Verdict::warn))
            .unwrap_or_else(|| Verdict::pass(format!("{} answered {}", answer.details.url, answer.status)));
        let verdict = verdict.measure("response_time", answer.details.phases.total_ms(), "ms");
        match days_left(answer) {
            // Days are few: the conversion to f64 is exact.
            Some(days) => verdict.measure("certificate_days_left", f64::from(days), "days"),
            None => verdict,
        }
    }

    fn redirect(&self, answer: &Response) -> Option<Verdict> {
        let Redirects::Expect(expected) = &self.probe.redirects else { return None };
        let location = answer.header("location").unwrap_or("nowhere");
        let summary = format!("{} redirects to {location}, expected {expected}", self.probe.url);
        let is_redirect = REDIRECTS.contains(&answer.status);
        (is_redirect && location != expected).then(|| Verdict::fail(Reason::AssertionFailed, summary))
    }

    fn status(&self, answer: &Response) -> Option<Verdict> {
        let expected: &[u16] = match (&self.probe.status[..], &self.probe.redirects) {
            ([], Redirects::Expect(_)) => &REDIRECTS,
            ([], _) => &[200],
            (listed, _) => listed,
        };
        let listed: Vec<String> = expected.iter().map(u16::to_string).collect();
        let url = &answer.details.url;
        let summary = format!("{url} answered {}, expected {}", answer.status, listed.join(" or "));
        (!expected.contains(&answer.status)).then(|| Verdict::fail(Reason::HttpStatus, summary))
    }

    fn body(&self, answer: &Response) -> Option<Verdict> {
        let text = answer.text();
        let missing = match (&self.probe.body.contains, &self.pattern) {
            (Some(wanted), _) if !text.contains(wanted.as_str()) => format!("does not contain {wanted:?}"),
            (_, Some(pattern)) if !pattern.is_match(&text) => format!("does not match {:?}", pattern.as_str()),
            _ => return None,
        };
        let cut = if answer.truncated {
            format!(" (looked at {} bytes, it is longer)", answer.body.len())
        } else {
            String::new()
        };
        Some(Verdict::fail(Reason::BodyMismatch, format!("the body of {} {missing}{cut}", answer.details.url)))
    }

    fn slow(&self, answer: &Response, bound: Option<u32>, say: Say) -> Option<Verdict> {
        let (bound, took) = (f64::from(bound?), answer.details.phases.total_ms());
        let summary = format!("{} took {took:.0} ms, expected at most {bound} ms", answer.details.url);
        (took > bound).then(|| say(Reason::LatencyExceeded, summary))
    }

    fn expiring(&self, answer: &Response, bound: Option<u32>, say: Say) -> Option<Verdict> {
        let (bound, days) = (bound?, days_left(answer)?);
        let summary =
            format!("the certificate of {} expires in {days} days, expected at least {bound}", self.probe.url);
        (i64::from(days) < i64::from(bound)).then(|| say(Reason::TlsExpired, summary))
    }
}

/// `Verdict::warn` or `Verdict::fail`.
type Say = fn(Reason, String) -> Verdict;

fn days_left(answer: &Response) -> Option<i32> {
    let days = answer.details.certificate.as_ref()?.days_left;
    // No certificate lives for millennia; what is out of range is as good as for ever.
    Some(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
}

#[cfg(test)]
mod tests;
