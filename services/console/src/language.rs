//! In which language a page is: by the choice that was made, else by what the browser asks for.

/// The languages of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 简体中文
    Hans,
    /// 繁體中文
    Hant,
    English,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Hans, Self::Hant, Self::English];

    /// What a thing of a charter is called; in Chinese where it has no name in this language.
    pub fn name_of(self, name: &charter::Name) -> String {
        match (self, &name.en) {
            (Self::English, Some(english)) => english.clone(),
            (Self::English | Self::Hans | Self::Hant, _) => name.zh.clone(),
        }
    }

    /// Several names, one after the other.
    pub fn joined(self, names: &[String]) -> String {
        names.join(if self == Self::English { ", " } else { "、" })
    }

    /// What stands between a thing and what is said of it.
    pub const fn colon(self) -> &'static str {
        match self {
            Self::Hans | Self::Hant => "：",
            Self::English => ": ",
        }
    }

    /// BCP 47.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Hans => "zh-Hans",
            Self::Hant => "zh-Hant",
            Self::English => "en",
        }
    }

    /// As its speakers write it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Hans => "简体中文",
            Self::Hant => "繁體中文",
            Self::English => "English",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The first of `Accept-Language` that we speak, by its weights; Chinese if there is none.
    pub fn asked_for(accepted: &str) -> Self {
        let mut wanted: Vec<(f32, Self)> = Vec::new();
        for part in accepted.split(',') {
            let mut pieces = part.trim().split(';');
            let range = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            let language = match range.split('-').next() {
                Some("zh") if is_traditional(&range) => Self::Hant,
                Some("zh") => Self::Hans,
                Some("en") => Self::English,
                _ => continue,
            };
            if weight > 0.0 {
                wanted.push((weight, language));
            }
        }
        // Stable: of equal weights the first.
        wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
        wanted.first().map_or(Self::Hans, |(_, language)| *language)
    }
}

/// Where the script is not named, the region says it.
fn is_traditional(range: &str) -> bool {
    let names = |sign: &str| range.split('-').any(|part| part == sign);
    names("hant") || !names("hans") && ["tw", "hk", "mo"].into_iter().any(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_taken_at_its_word() {
        for (accepted, expected) in [
            ("", Language::Hans),
            ("fr,de;q=0.8", Language::Hans),
            ("en-GB,en;q=0.9,zh-CN;q=0.5", Language::English),
            ("zh-TW,zh;q=0.9,en;q=0.8", Language::Hant),
            ("en;q=0.1, zh-Hans-HK;q=0.9", Language::Hans),
            ("zh-Hans;q=0.7,en;q=0", Language::Hans),
        ] {
            assert_eq!(Language::asked_for(accepted), expected, "{accepted}");
        }
    }
}
