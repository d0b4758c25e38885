//! Where grids, communities and streets lie: `areas.yaml`, which a charter may have.

use geo::{Contains, Coord, LineString, Point, Polygon};
use ids::Code;
use rstar::{AABB, RTree, RTreeObject};

use crate::PartyKind;
use crate::organisation::Organisation;
use crate::reader::{Cursor, Fields, Kind};

/// Fewest positions of a closed ring: three corners, and the first again.
const POSITIONS_MIN: usize = 4;
/// Most positions of one ring, so that a lookup stays far below a millisecond.
const POSITIONS_MAX: usize = 10_000;

/// Every outline, found by its rectangle first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Areas(RTree<Area>);

#[derive(Clone, Debug)]
struct Area {
    party: Code,
    kind: PartyKind,
    outline: Polygon,
    /// Place in the file: of two that hold a point, the first is taken.
    position: usize,
}

/// Where one party lies, in WGS 84 degrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline<'c> {
    pub party: &'c Code,
    pub kind: PartyKind,
    /// Longitude and latitude: the outer ring, then its holes; each ends where it began.
    pub rings: Vec<Vec<(f64, f64)>>,
}

impl RTreeObject for Area {
    type Envelope = AABB<Point>;

    fn envelope(&self) -> AABB<Point> {
        self.outline.envelope()
    }
}

impl Areas {
    /// The smallest kind of party that holds the point. A point on a line between two belongs to neither.
    pub fn at(&self, longitude: f64, latitude: f64) -> Option<&Code> {
        let point = Point::new(longitude, latitude);
        let around = self.0.locate_in_envelope_intersecting(&AABB::from_point(point));
        let holding = around.filter(|area| area.outline.contains(&point));
        holding.min_by_key(|area| (rank(area.kind), area.position)).map(|area| &area.party)
    }

    /// All of them, in the order of the file.
    pub fn outlines(&self) -> Vec<Outline<'_>> {
        let ring = |ring: &LineString| ring.coords().map(|at| (at.x, at.y)).collect();
        let mut areas: Vec<&Area> = self.0.iter().collect();
        areas.sort_by_key(|area| area.position);
        let outline =
            |area: &Area| std::iter::once(area.outline.exterior()).chain(area.outline.interiors()).map(ring).collect();
        areas.into_iter().map(|area| Outline { party: &area.party, kind: area.kind, rings: outline(area) }).collect()
    }
}

/// Which of several is nearest to the ground; none for what is no area.
const fn rank(kind: PartyKind) -> Option<u8> {
    match kind {
        PartyKind::Grid => Some(0),
        PartyKind::Community => Some(1),
        PartyKind::Street => Some(2),
        PartyKind::Unit
        | PartyKind::Squad
        | PartyKind::Department
        | PartyKind::Group
        | PartyKind::District
        | PartyKind::City
        | PartyKind::External => None,
    }
}

pub(crate) fn read(organisation: &Organisation, file: Cursor<'_, '_>) -> Areas {
    let areas = file.map(|fields| {
        let rows = fields.list("areas").into_iter().enumerate();
        rows.filter_map(|(position, row)| row.map(|fields| area(organisation, fields, position))?).collect()
    });
    Areas(RTree::bulk_load(areas.unwrap_or_default()))
}

fn area(organisation: &Organisation, fields: &Fields<'_, '_>, position: usize) -> Option<Area> {
    let party = fields.need("party").and_then(|_| fields.reference("party", Kind::Party));
    let rings: Option<Vec<LineString>> =
        fields.need("polygon").and_then(|cursor| cursor.list().into_iter().map(ring).collect());
    fields.provenance();
    let known = organisation.party(party.as_ref()?.as_str())?;
    if rank(known.kind).is_none() {
        let message =
            format!("{} is a {}; a grid, a community or a street lies somewhere", known.code, known.kind.as_str());
        fields.cursor.problem("area-party", message);
    }
    let mut rings = rings?.into_iter();
    let Some(outer) = rings.next() else {
        fields.cursor.problem("ring-closed", "a polygon has at least its outer ring");
        return None;
    };
    let outline = Polygon::new(outer, rings.collect());
    Some(Area { party: known.code.clone(), kind: known.kind, outline, position })
}

/// A list of positions, the last the same as the first, as GeoJSON writes them.
fn ring(cursor: Cursor<'_, '_>) -> Option<LineString> {
    let positions: Vec<Coord> = cursor.list().into_iter().map(coordinate).collect::<Option<_>>()?;
    let (first, last) = (positions.first(), positions.last());
    if positions.len() < POSITIONS_MIN || first != last {
        cursor.problem("ring-closed", "a ring has at least four positions, and ends where it began");
        return None;
    }
    if positions.len() > POSITIONS_MAX {
        cursor.problem("ring-size", format!("{} positions; at most {POSITIONS_MAX} fit", positions.len()));
        return None;
    }
    Some(LineString::new(positions))
}

fn coordinate(cursor: Cursor<'_, '_>) -> Option<Coord> {
    let numbers: Vec<f64> =
        cursor.list().into_iter().map(|number| number.float("coordinate-range")).collect::<Option<_>>()?;
    match numbers[..] {
        [x, y] if x.abs() <= 180.0 && y.abs() <= 90.0 => Some(Coord { x, y }),
        _ => {
            cursor.problem("coordinate-range", "a position is longitude within ±180 and latitude within ±90 degrees");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use crate::{Charter, Problem, SourceFile, shipped_sources};

    const STREET: &str = "heping-nanshi";

    /// A community in the lower left quarter of its street, with a hole in the street's middle.
    fn with(areas: &str) -> Result<Charter, Vec<Problem>> {
        let mut files = shipped_sources("heping").unwrap();
        files.retain(|file| file.path != "areas.yaml");
        files.push(SourceFile { path: "areas.yaml".to_owned(), text: areas.to_owned() });
        Charter::parse(&files)
    }

    fn community() -> String {
        let charter = Charter::shipped("heping").unwrap();
        let inside = |party: &&crate::Party| party.parent.as_ref().is_some_and(|parent| parent.as_str() == STREET);
        charter.find_parties(crate::PartyKind::Community).find(inside).unwrap().code.to_string()
    }

    #[test]
    fn outlines_come_as_they_were_drawn() {
        let charter = Charter::shipped("wuchang").unwrap();
        let outlines = charter.outlines();
        let first = &outlines[0];
        assert_eq!((first.party.as_str(), first.kind), ("wuchang-liangdao", crate::PartyKind::Street));
        assert_eq!(first.rings, [[(114.3, 30.54), (114.32, 30.54), (114.32, 30.556), (114.3, 30.556), (114.3, 30.54)]]);
    }

    #[test]
    fn a_point_is_where_the_smallest_area_holds_it() {
        let community = community();
        let charter = with(&format!(
            "areas:\n\
             - {{ party: {STREET}, polygon: [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[3, 3], [3.5, 3], [3.5, 3.5], [3, 3]]] }}\n\
             - {{ party: {community}, polygon: [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]] }}\n"
        ))
        .unwrap();
        let at = |longitude, latitude| charter.party_at(longitude, latitude).map(|party| party.code.to_string());
        assert_eq!(at(1.0, 1.0), Some(community), "the community, although the street holds it, too");
        assert_eq!(at(3.0, 1.0).as_deref(), Some(STREET));
        assert_eq!(at(3.4, 3.1), None, "in the hole");
        assert_eq!(at(5.0, 1.0), None, "outside every area");
        assert_eq!(at(f64::NAN, 1.0), None);
    }

    #[test]
    fn without_areas_no_point_lies_anywhere() {
        let mut files = shipped_sources("heping").unwrap();
        files.retain(|file| file.path != "areas.yaml");
        assert_eq!(Charter::parse(&files).unwrap().party_at(117.19, 39.115), None);
    }

    #[test]
    fn in_every_shipped_charter_a_point_finds_its_grid_community_and_street() {
        for (district, street, community, grid) in [
            ("wuchang", (114.301, 30.541), (114.311, 30.551), (114.306, 30.546)),
            ("jiangan", (114.325, 30.630), (114.316, 30.626), (114.308, 30.618)),
            ("heping", (117.198, 39.123), (117.194, 39.119), (117.190, 39.115)),
        ] {
            let charter = Charter::shipped(district).unwrap();
            let kind_at = |(longitude, latitude)| charter.party_at(longitude, latitude).unwrap().kind;
            assert_eq!(kind_at(street), crate::PartyKind::Street, "{district}");
            assert_eq!(kind_at(community), crate::PartyKind::Community, "{district}");
            assert_eq!(kind_at(grid), crate::PartyKind::Grid, "{district}");
        }
    }

    #[test]
    fn an_area_names_a_known_place_and_closes_its_ring() {
        let square = "[[[0, 0], [4, 0], [4, 4], [0, 0]]]";
        for (party, polygon, rule) in [
            ("heping-atlantis", square, "unknown-reference"),
            ("heping-police", square, "area-party"),
            (STREET, "[[[0, 0], [4, 0], [4, 4], [0, 1]]]", "ring-closed"),
            (STREET, "[[[0, 0], [4, 0], [0, 0]]]", "ring-closed"),
            (STREET, "[]", "ring-closed"),
            (STREET, "[[[0, 0], [4, 91], [4, 4], [0, 0]]]", "coordinate-range"),
            (STREET, "[[[0, 0], [4], [4, 4], [0, 0]]]", "coordinate-range"),
        ] {
            let found = with(&format!("areas:\n- {{ party: {party}, polygon: {polygon} }}\n")).unwrap_err();
            let named = found.iter().any(|problem| problem.rule == rule && problem.file == "areas.yaml");
            assert!(named, "{party} {polygon} should be {rule}, found {found:#?}");
        }
    }
}
