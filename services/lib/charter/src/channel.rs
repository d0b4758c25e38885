//! Where cases come in: `channels.yaml`.

use std::fmt;
use std::str::FromStr;

use ids::Code;
use serde::{Deserialize, Serialize};

use crate::category::UnknownWord;
use crate::list::{Entry, listed};
use crate::reader::{Cursor, Kind};
use crate::{Name, Provenance};
use vocabulary::{CallerClass, CaseKind};

/// Channels every charter has, because related cases found by an enforcement centre or by a department come in by them
///
pub(crate) const CHANNELS_REQUIRED: [&str; 2] = ["enforcement-site", "work-site"];

/// The five ways of collecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// 线上集
    Online,
    /// 网格巡
    Patrol,
    /// 入户访
    Visit,
    /// 座谈征
    Meeting,
    /// 上级派
    Superior,
}

impl Way {
    pub const ALL: [Self; 5] = [Self::Online, Self::Patrol, Self::Visit, Self::Meeting, Self::Superior];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Patrol => "patrol",
            Self::Visit => "visit",
            Self::Meeting => "meeting",
            Self::Superior => "superior",
        }
    }
}

/// One source of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub code: Code,
    pub name: Name,
    pub way: Way,
    /// Who uses it, where a submission does not say.
    pub class: CallerClass,
    /// What it brings, where a submission does not say.
    pub kind: CaseKind,
    pub provenance: Provenance,
}

/// A program that carries the cases of some channels in; it has an account of its own at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Begins with the district's code.
    pub code: Code,
    pub name: Name,
    pub channels: Vec<Code>,
}

impl FromStr for Way {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|way| way.as_str() == text);
        found.ok_or_else(|| UnknownWord::new("online, patrol, visit, meeting or superior", text))
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(crate) fn read(district: &Code, file: Cursor<'_, '_>) -> (Vec<Channel>, Vec<Bridge>) {
    file.map(|fields| {
        let row = |fields: &crate::reader::Fields<'_, '_>| {
            let way = fields.need("way").and_then(|cursor| cursor.parsed("way"));
            let class = fields.get("class").map_or(Some(CallerClass::Resident), |cursor| cursor.parsed("caller-class"));
            let kind = fields.get("kind").map_or(Some(CaseKind::Report), |cursor| cursor.parsed("case-kind"));
            Some((way?, class?, kind?))
        };
        let channels = listed(fields, "channels", Kind::Channel, row)
            .into_iter()
            .map(|(Entry { code, name, provenance }, (way, class, kind))| Channel {
                code,
                name,
                way,
                class,
                kind,
                provenance,
            })
            .collect();
        let bridges = listed(fields, "bridges", Kind::Bridge, |fields| {
            if let Some(cursor) = fields.get("code") {
                cursor.prefixed_by(district);
            }
            fields.need("channels").map(|cursor| cursor.codes(Kind::Channel))
        });
        let bridge = |(Entry { code, name, .. }, channels)| Bridge { code, name, channels };
        (channels, bridges.into_iter().map(bridge).collect())
    })
    .unwrap_or_default()
}
