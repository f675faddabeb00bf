//! Half-open intervals `[from, to)` of instants and their sets. Used by every part of `freeze`; it knows no civil time.

use jiff::Timestamp;

/// `from` is inside, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
}

/// Disjoint intervals in order that do not touch: equal sets of instants are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(Vec<Interval>);

// === impl Interval ===

impl Interval {
    /// Whether the instant is inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

// === impl Set ===

impl Set {
    /// The union of these intervals; an empty or crossed one adds nothing.
    pub fn of(intervals: impl IntoIterator<Item = Interval>) -> Self {
        let mut sorted: Vec<Interval> = intervals.into_iter().filter(|it| it.from < it.to).collect();
        sorted.sort_unstable();
        let mut joined: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match joined.last_mut() {
                Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
                _ => joined.push(next),
            }
        }
        Self(joined)
    }

    /// The union of these sets.
    pub fn union<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(sets.into_iter().flat_map(|set| set.0.iter().copied()))
    }

    /// What of `within` lies outside this set.
    pub fn outside(&self, within: Interval) -> Self {
        let mut from = within.from;
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        for inside in &self.0 {
            gaps.push(Interval { from, to: inside.from.min(within.to) });
            from = from.max(inside.to);
        }
        gaps.push(Interval { from, to: within.to });
        Self::of(gaps)
    }

    /// The interval that holds this instant.
    pub fn at(&self, at: Timestamp) -> Option<Interval> {
        let before = self.0.partition_point(|it| it.from <= at);
        before.checked_sub(1).map(|last| self.0[last]).filter(|it| it.contains(at))
    }

    /// The first interval that begins after this instant.
    pub fn after(&self, at: Timestamp) -> Option<Interval> {
        self.0.get(self.0.partition_point(|it| it.from <= at)).copied()
    }

    /// The intervals, in order.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn set(pairs: &[(i64, i64)]) -> Set {
        Set::of(pairs.iter().map(|&(from, to)| Interval { from: at(from), to: at(to) }))
    }

    #[test]
    fn touching_and_overlapping_intervals_become_one() {
        assert_eq!(set(&[(5, 9), (0, 3), (3, 5), (20, 20), (12, 11)]), set(&[(0, 9)]));
    }

    #[test]
    fn the_outside_of_the_outside_is_the_inside() {
        let within = Interval { from: at(0), to: at(100) };
        let some = set(&[(0, 10), (20, 30), (90, 100)]);
        assert_eq!(some.outside(within), set(&[(10, 20), (30, 90)]));
        assert_eq!(some.outside(within).outside(within), some);
        assert_eq!(set(&[(-50, 10), (50, 400)]).outside(within), set(&[(10, 50)]));
        assert_eq!(set(&[]).outside(within), set(&[(0, 100)]));
    }

    #[test]
    fn an_interval_holds_its_first_instant_and_not_its_last() {
        let some = set(&[(0, 10), (20, 30)]);
        assert_eq!(some.at(at(0)).map(|it| it.to), Some(at(10)));
        assert_eq!(some.at(at(10)), None);
        assert_eq!(some.after(at(0)).map(|it| it.from), Some(at(20)));
        assert_eq!(some.after(at(20)), None);
    }
}
