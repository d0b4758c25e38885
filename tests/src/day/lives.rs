//! How cases live: by their numbers, so that what should have become of each is known without having been there.

/// What a title begins with; the case's number in the day follows it.
const TITLE: &str = "路口渍水，行人绕行，";

/// The way a case goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// The street calls one department; it is done, and everybody is satisfied.
    Plain,
    /// Two departments are called.
    TwoCalled,
    /// The caller says more, twice, before anybody is called.
    Supplemented,
    /// The caller is not satisfied the first time.
    Redone,
    /// The caller takes it back at once.
    Withdrawn,
    /// Waits until its guest is merged into it, and then goes the plain way.
    Host,
    /// Is merged into the case before it.
    Guest,
}

impl Life {
    #[must_use]
    pub fn of(number: u64) -> Self {
        match number % 20 {
            0 => Self::Host,
            1 => Self::Guest,
            2 | 3 => Self::Redone,
            4 | 5 => Self::TwoCalled,
            6 | 7 => Self::Supplemented,
            8 => Self::Withdrawn,
            _ => Self::Plain,
        }
    }
}

/// Which of `streets` a case belongs to; a guest to that of its host.
#[must_use]
pub fn street_of(number: u64, streets: usize) -> usize {
    usize::try_from(number / 2).unwrap_or_default() % streets
}

#[must_use]
pub fn title_of(number: u64) -> String {
    format!("{TITLE}{number}")
}

#[must_use]
pub fn number_in(title: &str) -> Option<u64> {
    title.strip_prefix(TITLE)?.parse().ok()
}
