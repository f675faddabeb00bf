//! Assertions whose failure fails the run: they return a `Stop`, so `?` ends the run with a failed verdict.
//! Used by plugins. They never panic: a panic would be the prober's trouble, not the target's.

use std::fmt::Debug;

use crate::check::{Judgement, Stop};
use crate::host::http::Response;
use crate::reason::Reason;
use crate::verdict::Verdict;

/// Returns from the function with a failed verdict unless the condition holds:
/// `ensure!(rows > 0, Reason::AssertionFailed, "no rows in {table}")`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $reason:expr, $($summary:tt)+) => {
        if !$condition {
            return ::core::result::Result::Err($crate::Stop::fail($reason, ::std::format!($($summary)+)).into());
        }
    };
}

/// The two are equal.
///
/// # Errors
/// `assertion-failed`, saying both.
pub fn equal<T: Debug + PartialEq>(what: &str, actual: &T, expected: &T) -> Result<(), Stop> {
    if actual == expected {
        return Ok(());
    }
    Err(Stop::fail(Reason::AssertionFailed, format!("{what} is {actual:?}, expected {expected:?}")))
}

/// The value is there.
///
/// # Errors
/// `assertion-failed`, saying what is missing.
pub fn present<T>(what: &str, value: Option<T>) -> Result<T, Stop> {
    value.ok_or_else(|| Stop::fail(Reason::AssertionFailed, format!("{what} is missing")))
}

impl Response {
    /// The verdict of the simplest probe: passed when the status is the one expected.
    ///
    /// # Errors
    /// None: it is a `Judgement`, so that a probe can end with it.
    pub fn pass_if_status(&self, expected: u16) -> Judgement {
        let (url, status) = (&self.details.url, self.status);
        if status == expected {
            return Ok(Verdict::pass(format!("{url} answered {status}")));
        }
        Ok(Verdict::fail(Reason::HttpStatus, format!("{url} answered {status}, expected {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use crate::check::{Judgement, Stop};
    use crate::reason::Reason;
    use crate::verdict::Verdict;

    fn positive(number: i32) -> Judgement {
        ensure!(number > 0, Reason::AssertionFailed, "{number} is not positive");
        Ok(Verdict::pass("positive"))
    }

    #[test]
    fn a_failed_assertion_fails_the_run() {
        assert_eq!(positive(1), Ok(Verdict::pass("positive")));
        assert_eq!(positive(-1), Err(Stop::fail(Reason::AssertionFailed, "-1 is not positive")));
    }

    #[test]
    fn equal_and_present_say_what_was_there() {
        assert_eq!(super::equal("state", &"sale", &"sale"), Ok(()));
        let stop = super::equal("state", &"draft", &"sale").expect_err("they differ");
        assert_eq!(stop.message(), "state is \"draft\", expected \"sale\"");
        assert_eq!(super::present::<u8>("id", None).expect_err("nothing").message(), "id is missing");
    }
}
