//! Who goes next to the disk: what somebody waits for goes before what only follows.

use std::collections::{HashSet, VecDeque};

/// Messages of the lane ahead that may go in a row while others wait as well. So nothing waits for ever, and whoever asks faster
/// than what follows can be done is held up by it and not the other way round.
const AHEAD_IN_A_ROW_MAX: usize = 8;

/// Why something is written, which decides when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for an answer: whoever reports a matter, the desk that acts on it, a department that answers a call.
    Asked,
    /// It follows from what is on the record already. Nobody waits, and whoever follows comes again.
    #[default]
    Followed,
}

/// What waits to be written, in its order within each lane.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    asked: VecDeque<T>,
    followed: VecDeque<T>,
    ahead_in_a_row: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { asked: VecDeque::new(), followed: VecDeque::new(), ahead_in_a_row: 0 }
    }
}

impl<T> Lanes<T> {
    pub fn push(&mut self, lane: Lane, item: T) {
        self.of(lane).push_back(item);
    }

    pub fn len(&self) -> usize {
        self.asked.len() + self.followed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are waited for.
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Whoever goes next.
    pub fn pop(&mut self) -> Option<T> {
        let lane = self.next()?;
        self.ahead_in_a_row = if lane == Lane::Asked { self.ahead_in_a_row + 1 } else { 0 };
        self.of(lane).pop_front()
    }

    /// The next that is waited for, out of turn.
    pub fn pop_asked(&mut self) -> Option<T> {
        self.asked.pop_front()
    }

    /// Those who go next and may go together: at most so many, and none twice of the same name.
    pub fn take_group(&mut self, count_max: usize, name: impl Fn(&T) -> String) -> Vec<T> {
        let (mut group, mut names) = (Vec::new(), HashSet::new());
        while group.len() < count_max
            && let Some(next) = self.next().and_then(|lane| self.of(lane).front())
            && names.insert(name(next))
        {
            group.extend(self.pop());
        }
        group
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.asked.retain(&keep);
        self.followed.retain(&keep);
    }

    fn next(&self) -> Option<Lane> {
        match (self.asked.is_empty(), self.followed.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Lane::Followed),
            (false, true) => Some(Lane::Asked),
            (false, false) if self.ahead_in_a_row < AHEAD_IN_A_ROW_MAX => Some(Lane::Asked),
            (false, false) => Some(Lane::Followed),
        }
    }

    fn of(&mut self, lane: Lane) -> &mut VecDeque<T> {
        match lane {
            Lane::Asked => &mut self.asked,
            Lane::Followed => &mut self.followed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(followed: usize, asked: usize) -> Lanes<(Lane, usize)> {
        let mut lanes = Lanes::default();
        (0..followed).for_each(|n| lanes.push(Lane::Followed, (Lane::Followed, n)));
        (0..asked).for_each(|n| lanes.push(Lane::Asked, (Lane::Asked, n)));
        lanes
    }

    #[test]
    fn what_is_waited_for_goes_first_and_each_lane_in_its_order() {
        let mut lanes = waiting(3, 2);
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop()).collect();
        assert_eq!(
            order,
            [(Lane::Asked, 0), (Lane::Asked, 1), (Lane::Followed, 0), (Lane::Followed, 1), (Lane::Followed, 2)]
        );
    }

    #[test]
    fn nothing_waits_for_ever_behind_those_who_ask() {
        let mut lanes = waiting(2, AHEAD_IN_A_ROW_MAX * 3);
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop()).map(|(lane, _)| lane).collect();
        assert_eq!(order[AHEAD_IN_A_ROW_MAX], Lane::Followed);
        assert_eq!(order[AHEAD_IN_A_ROW_MAX * 2 + 1], Lane::Followed);
        assert_eq!(order.len(), AHEAD_IN_A_ROW_MAX * 3 + 2);
    }

    #[test]
    fn a_group_is_those_who_would_have_gone_next_up_to_the_first_name_that_comes_twice() {
        let mut lanes = waiting(3, 2);
        let name = |(lane, n): &(Lane, usize)| if *n == 2 { format!("{lane:?}0") } else { format!("{lane:?}{n}") };
        let group = lanes.take_group(10, name);
        assert_eq!(group, [(Lane::Asked, 0), (Lane::Asked, 1), (Lane::Followed, 0), (Lane::Followed, 1)]);
        assert_eq!(lanes.take_group(10, name), [(Lane::Followed, 2)]);
        assert!(lanes.is_empty());
        assert_eq!(waiting(5, 5).take_group(7, |it| format!("{it:?}")).len(), 7);
    }
}
