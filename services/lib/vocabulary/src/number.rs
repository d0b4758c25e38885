//! How a number is written, wherever one comes in from outside: charters, stories, files, requests.
//!
//! *Digits, with a point if need be: `0`, `17`, `0.9`, `-3.50`.* A whole number begins with no zero but its own; there are
//! digits on both sides of a point; a minus is the only sign. What other readers would take as well, each after its own
//! rules (`017`, `1_000`, `1e3`, `.5`, `+1`, `0x1f`), is no number here: what one program reads as 17 another reads as 15.

/// Whether a text is a number.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, decimals)) => is_whole(whole) && is_digits(decimals),
        None => is_whole(unsigned),
    }
}

/// Whether a text is a whole number that is not negative.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_with_a_point_if_need_be() {
        for text in ["0", "7", "17", "1000", "0.9", "1.10", "-3.50", "-0.5", "114.3162"] {
            assert!(is_number(text), "{text}");
        }
        let odd = [
            "", "-", ".", "017", "08", "00", "0012345", "1_000", "1__0", "1e3", "1E3", ".5", "5.", "+1", "0x1f",
            "0o17", "1,5", "1 000", " 1", "１２", "inf", "NaN", "--1", "1.2.3", "-.5", "01.5",
        ];
        for text in odd {
            assert!(!is_number(text), "{text}");
        }
        assert!(is_whole("10") && !is_whole("-1") && !is_whole("1.0") && !is_whole("010"));
    }
}
