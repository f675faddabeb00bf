//! What a problem document means for whoever asked: an exit code, and a line that says what to do. Called by `failure`.

use api::http::error::Problem;

use crate::exit::Exit;

/// The exit code. The gate's own refusals come as 403 and 409 with a code of theirs: they are a deny, not a matter of
/// rights.
pub(crate) fn exit(problem: &Problem) -> Exit {
    match problem.status {
        403 if problem.code != "forbidden" => Exit::Refused,
        401 | 403 | 404 => Exit::Unauthorised,
        409 => Exit::Refused,
        429 | 500.. => Exit::Unknown,
        _ => Exit::Usage,
    }
}

/// One line.
pub(crate) fn text(problem: &Problem) -> String {
    let Problem { code, status, title, detail } = problem;
    let mut text = format!("{code}: {}", title.trim_end_matches('.').to_lowercase());
    if let Some(detail) = detail {
        text.push_str(&format!(": {detail}"));
    }
    text.push_str(match status {
        404 => "; it does not exist, or this token may not see it",
        401 => "; set FLOORWALKER_TOKEN to a token that has not ended",
        403 if code == "forbidden" => "; ask for a token with the role this needs",
        _ => "",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str) -> Problem {
        Problem { code: code.to_owned(), status, title: "Title.".to_owned(), detail: None }
    }

    #[test]
    fn problems_have_the_codes_of_the_contract() {
        let cases = [
            (401, "unauthenticated", Exit::Unauthorised),
            (403, "forbidden", Exit::Unauthorised),
            (403, "TICKET_SCOPE", Exit::Refused),
            (404, "not-found", Exit::Unauthorised),
            (409, "TICKET_USED", Exit::Refused),
            (422, "invalid-request", Exit::Usage),
            (429, "unavailable", Exit::Unknown),
            (503, "unavailable", Exit::Unknown),
        ];
        for (status, code, wanted) in cases {
            assert_eq!(exit(&problem(status, code)), wanted, "{status} {code}");
        }
    }

    #[test]
    fn a_problem_says_what_to_do() {
        let wanted = "not-found: title; it does not exist, or this token may not see it";
        assert_eq!(text(&problem(404, "not-found")), wanted);
    }
}
