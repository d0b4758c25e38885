//! What names a person, in a wrapper that shows it to nobody by mistake.

use std::fmt;

/// Something of a person. Logs, spans and panics have it as `[person]`; whoever means to read it says so.
#[derive(Clone, PartialEq, Eq)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The thing itself. Every call of this is a place to look at when it is asked where people are shown.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[person]")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[person]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_by_mistake() {
        let number = Pii::new("13800138000".to_owned());
        assert_eq!(format!("{number} {number:?} {:?}", Some(&number)), "[person] [person] Some([person])");
        assert_eq!(number.expose(), "13800138000");
    }
}
