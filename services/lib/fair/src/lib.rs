//! Who is served next when more is asked than can be served at once, so that nobody waits for somebody else's flood.
//!
//! [`Turnstile`] bounds what is in hand: of everybody together, and of each who asks. As long as one asks alone it may have all it
//! can hold at work; as soon as another asks too, each has only a small share at work and waits in a queue of its own for the
//! rest. So a second one who asks comes after a share of the first, and not after its queue. [`Paces`] bounds how often
//! somebody may ask at all.
//!
//! Invariants: what is held never exceeds twice [`Bounds::held_max`]; a turn that is dropped, wherever it waits, makes room;
//! of one who asks, whoever came first is served first.

mod pace;

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use pace::{Pace, Paces};

/// For so long after somebody asked, others count as not alone.
const BESIDE: Duration = Duration::from_secs(1);

/// How much may be in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At work or waiting, of everybody together. Whoever holds nothing is let in beyond it, up to twice as much.
    pub held_max: usize,
    /// At work or waiting, of one.
    pub of_one_max: usize,
    /// At work, of one who is not alone.
    pub shared_max: usize,
}

/// Why somebody is sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// They have as much in hand as one may have.
    OfOne,
    /// Everybody together has.
    InAll,
}

/// A door with bounds. Clones are the same door.
#[derive(Debug)]
pub struct Turnstile<K>(Arc<Inside<K>>);

#[derive(Debug)]
struct Inside<K> {
    bounds: Bounds,
    shares: Mutex<Shares<K>>,
}

#[derive(Debug)]
struct Shares<K> {
    of: HashMap<K, Share>,
    held: usize,
    next: u64,
    /// The last two who asked, the later one first, and when.
    heard: [Option<(K, Instant)>; 2],
}

#[derive(Debug, Default)]
struct Share {
    at_work: usize,
    waiting: VecDeque<(u64, Arc<Notify>)>,
}

/// Somebody's turn: it has come, or is waited for. Dropped, it makes room.
#[derive(Debug)]
#[must_use = "a turn that is dropped is given up"]
pub struct Turn<K: Clone + Eq + Hash> {
    turnstile: Turnstile<K>,
    who: K,
    number: u64,
    has_come: Arc<Notify>,
}

impl<K> Clone for Turnstile<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Turnstile<K> {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let shares = Shares { of: HashMap::new(), held: 0, next: 0, heard: [None, None] };
        Self(Arc::new(Inside { bounds, shares: Mutex::new(shares) }))
    }

    /// A turn for one thing that somebody asks; it is there when [`Turn::come`] returns.
    ///
    /// # Errors
    /// Too much of theirs is in hand, or of everybody's. Nothing was taken.
    pub fn enter(&self, who: K) -> Result<Turn<K>, TooMuch> {
        self.enter_at(who, Instant::now())
    }

    fn enter_at(&self, who: K, now: Instant) -> Result<Turn<K>, TooMuch> {
        let bounds = self.0.bounds;
        let mut shares = self.shares();
        shares.hear(&who, now);
        let holds = shares.of.get(&who).map_or(0, |share| share.at_work + share.waiting.len());
        if holds >= bounds.of_one_max {
            return Err(TooMuch::OfOne);
        }
        let held_max = if holds == 0 { bounds.held_max * 2 } else { bounds.held_max };
        if shares.held >= held_max {
            return Err(TooMuch::InAll);
        }
        let number = shares.next;
        shares.next += 1;
        shares.held += 1;
        let has_come = Arc::new(Notify::new());
        shares.of.entry(who.clone()).or_default().waiting.push_back((number, Arc::clone(&has_come)));
        shares.call(&who, &bounds, now);
        Ok(Turn { turnstile: self.clone(), who, number, has_come })
    }

    fn shares(&self) -> MutexGuard<'_, Shares<K>> {
        self.0.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Turn<K> {
    /// Returns once it has come. To be awaited once.
    pub async fn come(&self) {
        self.has_come.notified().await;
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let bounds = self.turnstile.0.bounds;
        let mut shares = self.turnstile.shares();
        shares.held -= 1;
        if let Some(share) = shares.of.get_mut(&self.who) {
            match share.waiting.iter().position(|(number, _)| *number == self.number) {
                Some(waits) => drop(share.waiting.remove(waits)),
                None => share.at_work -= 1,
            }
        }
        shares.call(&self.who, &bounds, Instant::now());
    }
}

impl<K: Clone + Eq + Hash> Shares<K> {
    fn hear(&mut self, who: &K, now: Instant) {
        match &mut self.heard[0] {
            Some((last, at)) if last == who => *at = now,
            _ => {
                self.heard.swap(0, 1);
                self.heard[0] = Some((who.clone(), now));
            }
        }
    }

    fn is_alone(&self, who: &K, now: Instant) -> bool {
        let other = self.heard.iter().flatten().find(|(heard, _)| heard != who);
        other.is_none_or(|(_, at)| now.saturating_duration_since(*at) >= BESIDE)
    }

    /// Lets those of one go to work who may.
    fn call(&mut self, who: &K, bounds: &Bounds, now: Instant) {
        let at_work_max = if self.is_alone(who, now) { bounds.of_one_max } else { bounds.shared_max };
        let Some(share) = self.of.get_mut(who) else { return };
        while share.at_work < at_work_max
            && let Some((_, has_come)) = share.waiting.pop_front()
        {
            share.at_work += 1;
            has_come.notify_one();
        }
        if share.at_work == 0 && share.waiting.is_empty() {
            self.of.remove(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { held_max: 8, of_one_max: 6, shared_max: 2 };

    /// Whether its turn has come.
    async fn has_come(turn: &Turn<&'static str>) -> bool {
        let come = tokio::time::timeout(Duration::ZERO, turn.come()).await.is_ok();
        if come {
            turn.has_come.notify_one();
        }
        come
    }

    async fn how_many(turns: &[Turn<&'static str>]) -> usize {
        let mut come = 0;
        for turn in turns {
            come += usize::from(has_come(turn).await);
        }
        come
    }

    #[tokio::test]
    async fn one_alone_has_all_it_can_hold_at_work_and_a_second_one_is_served_at_once() {
        let (turnstile, start) = (Turnstile::new(BOUNDS), Instant::now());
        let flood: Vec<_> = (0..6).map(|_| turnstile.enter_at("flood", start).unwrap()).collect();
        assert_eq!(how_many(&flood).await, 6);
        assert_eq!(turnstile.enter_at("flood", start).unwrap_err(), TooMuch::OfOne);

        let neighbour = turnstile.enter_at("neighbour", start).unwrap();
        assert!(has_come(&neighbour).await);
        drop(flood);
        let flood: Vec<_> = (0..6).map(|_| turnstile.enter_at("flood", start).unwrap()).collect();
        assert_eq!(how_many(&flood).await, 2, "beside another it has its share at work");
        assert!(has_come(&flood[0]).await && has_come(&flood[1]).await, "whoever came first");
    }

    #[tokio::test]
    async fn a_turn_given_up_makes_room_whether_it_waited_or_was_at_work() {
        let (turnstile, start) = (Turnstile::new(BOUNDS), Instant::now());
        let _neighbour = turnstile.enter_at("neighbour", start).unwrap();
        let mut flood: Vec<_> = (0..5).map(|_| turnstile.enter_at("flood", start).unwrap()).collect();
        drop(flood.remove(3));
        assert_eq!(how_many(&flood).await, 2);
        drop(flood.remove(0));
        assert_eq!(how_many(&flood).await, 2, "the next one's turn has come");
        flood.clear();
        assert_eq!(turnstile.shares().held, 1);
        assert_eq!(turnstile.shares().of.len(), 1, "nothing is kept of who is gone");
    }

    #[tokio::test]
    async fn a_full_house_still_takes_one_of_whoever_has_nothing_in_hand() {
        let (turnstile, start) = (Turnstile::new(BOUNDS), Instant::now());
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let one_each: Vec<_> = names.into_iter().map(|who| turnstile.enter_at(who, start).unwrap()).collect();
        assert_eq!(turnstile.enter_at("a", start).unwrap_err(), TooMuch::InAll);
        assert_eq!(how_many(&one_each).await, names.len());
    }

    #[tokio::test]
    async fn whoever_is_alone_again_has_everything_again() {
        let (turnstile, start) = (Turnstile::new(BOUNDS), Instant::now());
        drop(turnstile.enter_at("neighbour", start).unwrap());
        let mut flood: Vec<_> = (0..6).map(|_| turnstile.enter_at("flood", start).unwrap()).collect();
        assert_eq!(how_many(&flood).await, 2);
        let _last = turnstile.enter_at("flood", start + BESIDE).unwrap_err();
        drop(flood.pop());
        flood.push(turnstile.enter_at("flood", start + BESIDE).unwrap());
        assert_eq!(how_many(&flood).await, 6);
    }
}
