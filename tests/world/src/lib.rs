//! A whole installation in memory, for tests alone: the rules of every owner of facts, and what each makes of the facts of
//! the others, without a broker. There is nothing here for a service to use.
//!
//! The rules *between* owners can only be seen where all of them are. So cases walk here at random: people act, commits are
//! followed late, again and in any order, processes stop and start, clocks ring late; and whatever was acknowledged has its
//! effect all the same. Open `world.rs` first (who keeps what, how a commit is followed), then `checks.rs` (what has to
//! hold), `walk.rs` (the walks, and that they find every mistake in `mutation.rs`), `stuck.rs` (somebody can always go on),
//! `helped.rs` (what one case is for the caller of another), `after_the_end.rs` and `facts.rs` (two tables, written to `docs/`).

#[cfg(test)]
mod actors;
#[cfg(test)]
mod after_the_end;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod departments;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod finish;
#[cfg(test)]
mod helped;
#[cfg(test)]
mod merged;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod stuck;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod world;
