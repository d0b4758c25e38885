//! What may be named in a district, for whoever brings something in: the charter's own codes and names. For whoever shows names
//! instead of codes, the charters whole.

use std::sync::Arc;

use charter::{Attribute, Charter, Name};
use ids::Code;
use jiff::civil::Date;
use proto::casebook::v1::{AttributeAsked, CatalogueEntry, GetCatalogueResponse, GetChartersResponse};
use station::charters::bundle;
use tonic::Status;

use crate::asking::Asker;
use crate::grpc::Door;

impl Door {
    /// The charter in force of a district; of every one that the asker belongs to, where none is named.
    ///
    /// # Errors
    /// NOT_FOUND for a district that is not the asker's.
    pub fn charters_for(&self, asker: &Asker, district: &str) -> Result<GetChartersResponse, Status> {
        if !district.is_empty() {
            let charter = self.charter(asker, district)?;
            return Ok(GetChartersResponse { charters: vec![bundle(&charter)] });
        }
        let newest = self.station.charters.newest();
        let known = newest.iter().filter(|charter| asker.require(&charter.district).is_ok());
        let in_force = known.map(|charter| self.station.charter(charter.district.as_str()));
        let charters = in_force.collect::<Result<Vec<Arc<Charter>>, _>>()?;
        Ok(GetChartersResponse { charters: charters.iter().map(|charter| bundle(charter)).collect() })
    }
}

/// `today` is the district's day.
#[must_use]
pub fn catalogue(charter: &Charter, today: Date) -> GetCatalogueResponse {
    let categories = charter.categories().iter().map(|it| {
        let keywords = it.keywords.clone();
        let attributes = it.attributes.iter().map(asked).collect();
        CatalogueEntry { keywords, attributes, ..entry(&it.code, &it.name, it.parent.as_ref()) }
    });
    let campaigns = charter.campaigns().iter().filter(|it| it.runs_on(today));
    GetCatalogueResponse {
        district: charter.district.to_string(),
        name: charter.name.zh.clone(),
        version: charter.version.clone(),
        channels: charter.channels().iter().map(|it| entry(&it.code, &it.name, None)).collect(),
        categories: categories.collect(),
        places: charter.places().map(|it| entry(&it.code, &it.name, it.parent.as_ref())).collect(),
        campaigns: campaigns.map(|it| entry(&it.code, &it.name, None)).collect(),
    }
}

fn entry(code: &Code, name: &Name, parent: Option<&Code>) -> CatalogueEntry {
    CatalogueEntry {
        code: code.to_string(),
        name: name.zh.clone(),
        name_en: name.en.clone().unwrap_or_default(),
        parent: parent.map(ToString::to_string).unwrap_or_default(),
        keywords: Vec::new(),
        attributes: Vec::new(),
    }
}

fn asked(attribute: &Attribute) -> AttributeAsked {
    AttributeAsked {
        code: attribute.code.to_string(),
        name: attribute.name.zh.clone(),
        name_en: attribute.name.en.clone().unwrap_or_default(),
        kind: attribute.kind.to_string(),
        required: attribute.required,
        hint: attribute.hint.as_ref().map(|hint| hint.zh.clone()).unwrap_or_default(),
        values: attribute.values.iter().map(|value| entry(&value.code, &value.name, None)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_named_is_one_and_a_department_is_none() {
        let charter = Charter::shipped("wuchang").unwrap();
        let said = catalogue(&charter, jiff::civil::date(2026, 11, 30));
        assert_eq!(said.places.len(), charter.places().count());
        assert!(said.places.iter().all(|place| charter.place(&place.code).is_some()));
        assert!(said.categories.iter().all(|it| it.parent.is_empty() || charter.category(&it.parent).is_some()));
        assert_eq!(said.channels.len(), charter.channels().len());
        assert!(said.channels.iter().any(|channel| channel.name == "网格巡查"), "{:?}", said.channels);
    }
}
