//! Freeze rules against an instant. Within an owner tier, closed is the union of its matching denies and, where it has
//! a matching allow, everything outside the union of its allows; over the tiers, closed is the union, so nobody below
//! opens what somebody above closed. A question about several places or classes is closed while any of them is.
//! Called by `decide`, and by the gate for the list of freezes. It does not know checks.

pub mod interval;
pub mod next;
mod reason;
mod recurrence;
pub mod zone;

use std::collections::{BTreeMap, BTreeSet};

use api::id::ObjectName;
use api::manifest::freeze_rule::{Effect, LOCATION_LOCAL, Spec, TENANT_LOCAL};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::ask::Ask;
use crate::finding::Finding;
use crate::matching::{self, Case};
use crate::snapshot::{Owned, OwnerTier, Place, TenantNow};
use interval::{Interval, Set};

/// What the time rules say of a question.
pub(crate) struct Judgement<'a> {
    /// The instants at which it is closed, right within the span of `next`.
    pub(crate) closed: Set,
    /// Why it is closed now, or closes too soon, or cannot be told.
    pub(crate) findings: Vec<Finding>,
    /// The rules that matched.
    pub(crate) matched: Vec<&'a Owned<Spec>>,
}

/// Windows of a rule at a place of a tenant.
#[derive(Clone, Debug)]
pub struct PlaceWindows {
    /// The location, for a rule that is `location-local`.
    pub location: Option<ObjectName>,
    /// The zone they were computed in.
    pub zone: TimeZone,
    /// The windows: single ones whole, recurring ones within the span of the horizon.
    pub windows: Set,
}

/// The windows of a rule wherever it is about this tenant; empty when its zone is unknown.
pub fn windows(spec: &Spec, tenant: &TenantNow, at: Timestamp) -> Vec<PlaceWindows> {
    let mut places: Vec<Option<&Place>> = vec![None];
    if spec.when.timezone == LOCATION_LOCAL && !tenant.locations.is_empty() {
        let located = |place: &&Place| matching::located(&spec.matches.locations, Some(&place.location));
        places = tenant.locations.iter().filter(located).map(Some).collect();
    }
    let of_place = |place: Option<&Place>| {
        let zone = zone_of(spec, tenant, place)?;
        let windows = recurrence::windows(&spec.when, &zone, spec.effect, next::span(at));
        Some(PlaceWindows { location: place.map(|it| it.location.name.clone()), zone, windows })
    };
    places.into_iter().filter_map(of_place).collect()
}

/// Judges the rules for a question that is about all of `cases`.
pub(crate) fn judge<'a>(
    ask: &Ask,
    tenant: &TenantNow,
    rules: &[&'a Owned<Spec>],
    cases: &[Case<'_>],
    at: Timestamp,
) -> Judgement<'a> {
    let mut board = Board { ask, tenant, rules, at, windows: BTreeMap::new() };
    let groups = board.groups(cases);
    let closings: Vec<Closing> = groups.iter().flat_map(|group| board.closings(group)).collect();
    let closed = Set::union(closings.iter().map(|closing| &closing.closed));
    let matched: BTreeSet<usize> = groups.iter().flat_map(|group| group.rules.iter().copied()).collect();
    let findings = reason::findings(&board, &closings, &closed, &matched);
    Judgement { closed, findings, matched: matched.into_iter().map(|index| rules[index]).collect() }
}

/// The places a question is about: the one it names, else all of the tenant's, else the tenant as one place.
pub(crate) fn places<'a>(ask: &Ask, tenant: &'a TenantNow) -> Vec<Option<&'a Place>> {
    match &ask.location {
        Some(name) => vec![tenant.place(name)],
        None if tenant.locations.is_empty() => vec![None],
        None => tenant.locations.iter().map(Some).collect(),
    }
}

fn zone_of(spec: &Spec, tenant: &TenantNow, place: Option<&Place>) -> Option<TimeZone> {
    match spec.when.timezone.as_str() {
        TENANT_LOCAL => Some(tenant.zone.clone()),
        LOCATION_LOCAL => Some(place.map_or(&tenant.zone, |it| &it.zone).clone()),
        name => zone::find(name),
    }
}

/// Cases that the same rules match at the same place are one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// The place's name, as far as a matched rule depends on it.
    place: Option<ObjectName>,
    rules: Vec<usize>,
}

/// What one tier closes for one group.
struct Closing {
    closed: Set,
    place: Option<ObjectName>,
    denies: Vec<usize>,
    allows: Vec<usize>,
    /// The union of the allows' windows.
    open: Set,
}

/// The rules of one question, with their windows computed once per place.
struct Board<'a, 'r> {
    ask: &'a Ask,
    tenant: &'a TenantNow,
    rules: &'a [&'r Owned<Spec>],
    at: Timestamp,
    windows: BTreeMap<(usize, Option<ObjectName>), Option<Set>>,
}

impl Board<'_, '_> {
    fn groups(&mut self, cases: &[Case<'_>]) -> BTreeSet<Group> {
        let mut groups = BTreeSet::new();
        for case in cases {
            let matches = |index: &usize| matching::rule(&self.rules[*index].spec, case);
            let rules: Vec<usize> = (0..self.rules.len()).filter(matches).collect();
            let local = rules.iter().any(|&index| self.rules[index].spec.when.timezone == LOCATION_LOCAL);
            let place = case.place.filter(|_| local).map(|place| place.location.name.clone());
            for &index in &rules {
                self.compute(index, place.as_ref());
            }
            groups.insert(Group { place, rules });
        }
        groups
    }

    fn compute(&mut self, index: usize, place: Option<&ObjectName>) {
        let spec = &self.rules[index].spec;
        let (tenant, at) = (self.tenant, self.at);
        self.windows.entry((index, place.cloned())).or_insert_with(|| {
            let zone = zone_of(spec, tenant, place.and_then(|name| tenant.place(name)))?;
            Some(recurrence::windows(&spec.when, &zone, spec.effect, next::span(at)))
        });
    }

    /// The windows of a rule at a place; none when its zone is unknown.
    fn windows_of(&self, index: usize, place: Option<&ObjectName>) -> Option<&Set> {
        self.windows.get(&(index, place.cloned())).and_then(Option::as_ref)
    }

    fn closings(&self, group: &Group) -> Vec<Closing> {
        [OwnerTier::Platform, OwnerTier::Tenant].map(|tier| self.closing(group, tier)).into()
    }

    fn closing(&self, group: &Group, tier: OwnerTier) -> Closing {
        let place = group.place.as_ref();
        let known = |effect: Effect| -> Vec<usize> {
            let is = |index: &usize| self.rules[*index].tier == tier && self.rules[*index].spec.effect == effect;
            group.rules.iter().copied().filter(is).filter(|index| self.windows_of(*index, place).is_some()).collect()
        };
        let (denies, allows) = (known(Effect::Deny), known(Effect::Allow));
        let union = |indices: &[usize]| Set::union(indices.iter().filter_map(|index| self.windows_of(*index, place)));
        let open = union(&allows);
        let frozen = union(&denies);
        let closed = match allows.is_empty() {
            true => frozen,
            false => Set::union([&frozen, &open.outside(self.span())]),
        };
        Closing { closed, place: group.place.clone(), denies, allows, open }
    }

    fn span(&self) -> Interval {
        next::span(self.at)
    }
}
