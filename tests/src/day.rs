//! A day of a district: thousands of cases that live in different ways, while whoever works on them is killed every few
//! seconds. `lives.rs` says who goes which way, `people.rs` does what people do, `right_end.rs` reads the record
//! afterwards. `bin/day.rs` puts them together.

pub mod lives;
pub mod people;
pub mod right_end;
