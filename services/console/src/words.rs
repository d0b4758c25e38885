//! Everything the pages say, in three languages side by side: 简体, 繁體, English. A text that is missing in one does not
//! compile, and a test finds one whose `{places}` differ.
//!
//! What is whose: `frame.rs` is around every page, `caller.rs` for whoever raises a matter, `desk.rs` and `rarer.rs` for whoever works on
//! one, `operation.rs` for enforcement centres, `rules.rs` for the charter, `figures.rs` for statements, `field.rs` for grid workers, `standing.rs` for operators, `states.rs` names states, levels and the like, `facts.rs` tells what happened, `refusals.rs` says why not.

macro_rules! texts {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $hans:literal, $hant:literal, $english:literal;)* }) => {
        $(#[$doc])*
        pub struct $name { $(pub $field: &'static str,)* }

        impl $name {
            const HANS: Self = Self { $($field: $hans,)* };
            const HANT: Self = Self { $($field: $hant,)* };
            const ENGLISH: Self = Self { $($field: $english,)* };

            pub const fn of(language: crate::language::Language) -> &'static Self {
                match language {
                    crate::language::Language::Hans => &Self::HANS,
                    crate::language::Language::Hant => &Self::HANT,
                    crate::language::Language::English => &Self::ENGLISH,
                }
            }

            #[cfg(test)]
            pub const ALL: &'static [(&'static str, [&'static str; 3])] =
                &[$((concat!(stringify!($name), ".", stringify!($field)), [$hans, $hant, $english]),)*];
        }
    };
}

mod caller;
mod desk;
mod facts;
mod field;
mod figures;
mod frame;
mod operation;
mod rarer;
mod refusals;
mod rules;
mod standing;
mod states;

pub use caller::Caller;
pub use desk::Desk;
pub use facts::fact;
pub use field::Field;
pub use figures::Figures;
pub use frame::{Frame, When};
pub use operation::Operation;
pub use rarer::Rarer;
pub use refusals::{named_in, rule};
pub use rules::Rules;
pub use standing::Standing;
pub use states::{States, named};

/// A text with its `{places}` filled in.
pub fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (place, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(places.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value));
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_text_says_the_same_in_every_language() {
        let tables = [
            Frame::ALL,
            When::ALL,
            Caller::ALL,
            Desk::ALL,
            Rarer::ALL,
            Field::ALL,
            Figures::ALL,
            Operation::ALL,
            Rules::ALL,
            Standing::ALL,
            States::ALL,
            facts::ALL,
            refusals::ALL,
        ];
        let mut told = 0;
        for (name, texts) in tables.into_iter().flatten() {
            for text in texts {
                assert!(!text.trim().is_empty(), "{name} is empty in one language");
                assert_eq!(places(text), places(texts[0]), "{name}: {text}");
            }
            told += 1;
        }
        assert!(told > 200, "only {told} texts");
    }

    #[test]
    fn what_people_said_is_put_in_as_it_is() {
        assert_eq!(fill("{who} said {what}.", &[("what", "{who}"), ("who", "A")]), "A said {who}.");
    }
}
