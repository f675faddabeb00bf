//! Why the time rules hold a release, one reason per rule. Called by `freeze` alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::interval::Set;
use super::{Board, Closing, next, zone};
use crate::finding::{Code, Finding, RuleRef};

/// When a rule lets go: `None` is beyond the horizon, and later than any instant.
type End = Option<Timestamp>;

pub(super) fn findings(
    board: &Board<'_, '_>,
    closings: &[Closing],
    closed: &Set,
    matched: &BTreeSet<usize>,
) -> Vec<Finding> {
    let mut frozen: BTreeMap<usize, End> = BTreeMap::new();
    let mut outside: BTreeMap<usize, End> = BTreeMap::new();
    for closing in closings {
        let windows = |index: usize| board.windows_of(index, closing.place.as_ref());
        for &index in &closing.denies {
            if let Some(now) = windows(index).and_then(|set| set.at(board.at)) {
                later(&mut frozen, index, known_end(board, index, now.to));
            }
        }
        if closing.open.at(board.at).is_none() {
            for &index in &closing.allows {
                let opens = windows(index).and_then(|set| set.after(board.at)).map(|window| window.from);
                later(&mut outside, index, opens.filter(|at| *at < board.span().to));
            }
        }
    }
    let mut findings: Vec<Finding> = frozen.iter().map(|(&index, &end)| frozen_by(board, index, end)).collect();
    findings.extend(outside.iter().map(|(&index, &opens)| outside_of(board, index, opens)));
    findings.extend(matched.iter().filter_map(|&index| unknown_zone(board, index)));
    findings.extend(too_short(board, closings, closed));
    findings
}

/// Keeps the later of both ends: several places are closed until the last one opens.
fn later(ends: &mut BTreeMap<usize, End>, index: usize, end: End) {
    let known = ends.entry(index).or_insert(end);
    *known = known.zip(end).map(|(a, b)| a.max(b));
}

/// Recurring windows are computed up to the end of the span only.
fn known_end(board: &Board<'_, '_>, index: usize, end: Timestamp) -> End {
    let recurs = !board.rules[index].spec.when.weekly.is_empty();
    (!recurs || end < board.span().to).then_some(end)
}

fn frozen_by(board: &Board<'_, '_>, index: usize, end: End) -> Finding {
    let until = match end {
        Some(end) => format!("until {}", zone::render(end, &board.tenant.zone)),
        None => format!("for longer than {} days", next::HORIZON.as_secs() / 86_400),
    };
    let message = format!("{} is frozen by `{}` {until}", board.ask.environment, board.rules[index].name);
    finding(board, index, Code::Frozen, message, end, "wait until it ends")
}

fn outside_of(board: &Board<'_, '_>, index: usize, opens: End) -> Finding {
    let next = match opens {
        Some(at) => format!("the next one opens at {}", zone::render(at, &board.tenant.zone)),
        None => format!("none opens within {} days", next::HORIZON.as_secs() / 86_400),
    };
    let name = &board.rules[index].name;
    let message = format!("{} is open only inside the windows of `{name}`; {next}", board.ask.environment);
    finding(board, index, Code::OutsideWindow, message, opens, "wait until a window opens")
}

fn unknown_zone(board: &Board<'_, '_>, index: usize) -> Option<Finding> {
    let broken = board.windows.iter().any(|((rule, _), windows)| *rule == index && windows.is_none());
    let rule = board.rules[index];
    broken.then(|| {
        let message = format!("`{}` names the time zone `{}`, which is unknown", rule.name, rule.spec.when.timezone);
        finding(board, index, Code::Indeterminate, message, None, "correct the rule's `when.timezone`")
    })
}

/// Open now, and closed again before the release would be through.
fn too_short(board: &Board<'_, '_>, closings: &[Closing], closed: &Set) -> Option<Finding> {
    let closes = next::close(closed, board.at)?;
    let needed = board.ask.expected_duration;
    if board.at.checked_add(needed).is_ok_and(|end| end <= closes) {
        return None;
    }
    let begins = |closing: &Closing, index: &usize| {
        let windows = board.windows_of(*index, closing.place.as_ref());
        windows.and_then(|set| set.at(closes)).is_some()
    };
    let mut denies = closings.iter().flat_map(|closing| closing.denies.iter().filter(|index| begins(closing, index)));
    let ends = |closing: &&Closing| !closing.allows.is_empty() && closing.open.at(closes).is_none();
    let mut allows = closings.iter().filter(ends).flat_map(|closing| &closing.allows);
    // Of several the first by its name: the order of documents has no influence.
    let first = |indices: &mut dyn Iterator<Item = &usize>| {
        indices.copied().min_by_key(|&index| (&board.rules[index].name, &board.rules[index].version))
    };
    let index = first(&mut denies).or_else(|| first(&mut allows))?;
    let message = format!(
        "{} closes at {} by `{}`, and the release needs {} s from now",
        board.ask.environment,
        zone::render(closes, &board.tenant.zone),
        board.rules[index].name,
        needed.as_secs(),
    );
    let until = next::allowed(closed, board.at, needed);
    Some(finding(
        board,
        index,
        Code::WindowTooShort,
        message,
        until,
        "wait for a longer window, or plan a shorter release",
    ))
}

fn finding(board: &Board<'_, '_>, index: usize, code: Code, message: String, until: End, advice: &str) -> Finding {
    let rule = board.rules[index];
    let said = rule.spec.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let reference = rule.spec.reference.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
    Finding {
        code,
        rule: Some(RuleRef { name: rule.name.clone(), version: rule.version.clone() }),
        message: format!("{message}{said}"),
        until,
        remedy: format!("{advice}, or ask {}{reference}", rule.spec.owner),
        layer: None,
    }
}
