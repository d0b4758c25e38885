//! Telephone, identity and plate numbers in free text, replaced before anything is recorded (D8).
//!
//! A mask keeps the kind of what it hides, so that a reader knows something was said. Numbers that are none of these
//! (house numbers, dates, amounts) stay.

use std::sync::LazyLock;

use regex::{Captures, Regex};

struct Mask {
    pattern: Regex,
    shown: &'static str,
}

/// The first group, where there is one, is the character before, which stays.
static MASKS: LazyLock<Vec<Mask>> = LazyLock::new(|| {
    let mask = |pattern: &str, shown| Mask {
        #[allow(clippy::unwrap_used, reason = "a constant pattern; the test below compiles all of them")]
        pattern: Regex::new(pattern).unwrap(),
        shown,
    };
    vec![
        // Resident identity number (GB 11643): region, date of birth, sequence, check digit.
        mask(
            r"(^|[^0-9])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]",
            "[identity number]",
        ),
        // Mobile, with or without country code and separators.
        mask(r"(^|[^0-9])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}", "[telephone]"),
        // Fixed line with area code.
        mask(r"(^|[^0-9])0\d{2,3}[- ]\d{7,8}", "[telephone]"),
        // Number plate (GA 36), the two letters more of new-energy vehicles included.
        mask(
            r"()[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·. ]?[A-HJ-NP-Z0-9]{5,6}",
            "[plate]",
        ),
    ]
});

/// `text` with personal numbers masked, and how many were.
#[must_use]
pub fn mask(text: &str) -> (String, usize) {
    let mut masked = text.to_owned();
    let mut count = 0;
    for Mask { pattern, shown } in MASKS.iter() {
        if !pattern.is_match(&masked) {
            continue;
        }
        masked = pattern
            .replace_all(&masked, |found: &Captures<'_>| {
                count += 1;
                format!("{}{shown}", &found[1])
            })
            .into_owned();
    }
    (masked, count)
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn numbers_that_name_a_person_are_masked_and_others_stay() {
        for (said, kept) in [
            ("请打13812345678找我", "请打[telephone]找我"),
            ("+86 138-1234-5678。", "[telephone]。"),
            ("座机027-88881234", "座机[telephone]"),
            ("身份证420106199001011234，", "身份证[identity number]，"),
            ("车牌鄂A12345挡路", "车牌[plate]挡路"),
            ("绿牌鄂AD12345", "绿牌[plate]"),
            ("中山路308号，2019年2月21日15时，欠费1234567元", "中山路308号，2019年2月21日15时，欠费1234567元"),
            ("单号 202611210000123", "单号 202611210000123"),
        ] {
            assert_eq!(mask(said).0, kept);
        }
    }

    #[test]
    fn masking_twice_is_masking_once() {
        let once = mask("13812345678 13812345679 鄂A12345").0;
        assert_eq!(mask(&once), (once, 0));
    }
}
