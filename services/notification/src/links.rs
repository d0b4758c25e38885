//! Links by which whoever raised a case follows, supplements and rates it without an account.

use chassis::ReceiptKey;
use ids::HistoryKey;
use webhook::Url;

use crate::cases::Case;
use crate::config::Config;
use crate::domain::tellings::Recipient;

/// Path below the base; the receipt follows.
const PATH: &str = "r/";

pub struct Links {
    base: Url,
    key: ReceiptKey,
}

impl Links {
    /// # Errors
    /// The key cannot be read.
    pub fn open(config: &Config) -> anyhow::Result<Option<Self>> {
        Ok(config.links()?.map(|(base, key)| Self { base, key }))
    }

    /// `<base>/r/<receipt>`, for who raised the case first: who joined it has a case, and a receipt, of their own.
    pub fn to(&self, key: &HistoryKey, case: &Case, to: &Recipient, recipient: &str) -> Option<String> {
        let is_caller = matches!(to, Recipient::Callers | Recipient::Caller(_));
        let is_theirs = is_caller && case.has_receipt && case.callers.first().is_some_and(|first| first == recipient);
        is_theirs.then(|| {
            let base = self.base.as_str().trim_end_matches('/');
            format!("{base}/{PATH}{}", self.key.receipt(key.district.as_str(), &key.id).token())
        })
    }
}

#[cfg(test)]
mod tests {
    use chassis::Receipt;
    use ids::Kind;

    use super::*;

    #[test]
    fn a_link_goes_to_who_raised_it_first_and_to_nobody_else() {
        let key_file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key_file.path(), "0123456789abcdef".repeat(4)).unwrap();
        let receipts = ReceiptKey::from_file(key_file.path()).unwrap();
        let links = Links { base: "https://huying.example.org/wuchang/".parse().unwrap(), key: receipts.clone() };
        let key =
            HistoryKey { kind: Kind::Case, district: "wuchang".parse().unwrap(), id: "261121-7k3q9xf".to_owned() };
        let callers = vec!["c-1".to_owned(), "c-2".to_owned()];
        let case = Case { title: "停水".to_owned(), callers, has_receipt: true };
        let party = "wuchang-water".parse().unwrap();

        let link = links.to(&key, &case, &Recipient::Callers, "c-1").unwrap();
        let receipt = link.strip_prefix("https://huying.example.org/wuchang/r/").unwrap();
        assert_eq!(Receipt::parse(receipt), Some(receipts.receipt("wuchang", "261121-7k3q9xf")));

        assert_eq!(
            links.to(&key, &case, &Recipient::Callers, "c-2"),
            None,
            "who joined has a receipt of their own case"
        );
        assert_eq!(links.to(&key, &case, &Recipient::Party(party), "c-1"), None, "no unit is sent it");
        let without = Case { has_receipt: false, ..case };
        assert_eq!(links.to(&key, &without, &Recipient::Callers, "c-1"), None, "there is none to send");
    }
}
