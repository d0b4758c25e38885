//! Numbers on the command line, by the one rule there is for them.

use std::fmt::Display;
use std::str::FromStr;

use vocabulary::number::is_whole;

/// A whole number from `least` to `most`.
pub(crate) fn between<N>(least: N, most: N) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: FromStr + PartialOrd + Copy + Display + Send + Sync + 'static,
{
    move |text| {
        let read = if is_whole(text) { text.parse().ok() } else { None };
        let fits = read.filter(|number| (least..=most).contains(number));
        fits.ok_or_else(|| format!("{text:?} is no whole number from {least} to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_on_the_command_line_is_digits() {
        let read = between(1_u32, 1000);
        assert_eq!((read("1"), read("1000")), (Ok(1), Ok(1000)));
        for text in ["0", "1001", "+5", "007", "1e3", "1_0", ".5", " 5", "5.0", ""] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
