//! The map: outlines of the charter, shaded by how many cases came in there. Drawn here as SVG; no tile and no position of anybody
//! leaves the house.

use charter::{Outline, PartyKind};
use maud::{Markup, html};
use proto::casebook::v1::ReportResponse;

use super::{COMMUNITIES, STREETS, period_of, received};
use crate::ask::Signed;
use crate::words::{Figures, fill};

/// Width of the drawing, in its own units; the height follows from the outlines.
const WIDTH: f64 = 800.0;
/// Shades beside none.
const SHADES: u64 = 4;
/// Space around the outlines.
const MARGIN: f64 = 8.0;

/// Degrees to units of the drawing.
struct Frame {
    west: f64,
    north: f64,
    /// Of a degree of longitude; degrees of latitude are longer, by the cosine at the middle.
    scale: f64,
    stretch: f64,
    height: f64,
}

/// Nothing, where the charter has no outline.
pub fn show(signed: &Signed, words: &Figures, reported: &ReportResponse) -> Markup {
    let outlines = signed.charter.outlines();
    let Some(frame) = Frame::around(&outlines) else { return html! {} };
    let layers = [
        (PartyKind::Street, words.map_streets, received(reported, STREETS)),
        (PartyKind::Community, words.map_communities, received(reported, COMMUNITIES)),
    ];
    html! {
        section .figures aria-labelledby="map" {
            h2 #map { (words.map) }
            p .hint { (words.map_hint) }
            div .maps {
                @for (kind, name, counts) in layers {
                    @let drawn: Vec<&Outline<'_>> = outlines.iter().filter(|outline| outline.kind == kind).collect();
                    @if !drawn.is_empty() { (layer(signed, words, &frame, &period_of(reported), (name, drawn.as_slice(), counts.as_slice()))) }
                }
            }
            p .legend { (words.fewest) " " @for shade in 0..=SHADES { span .swatch .(format!("heat-{shade}")) {} } " " (words.most) }
        }
    }
}

fn layer(
    signed: &Signed,
    words: &Figures,
    frame: &Frame,
    period: &str,
    (name, outlines, counts): (&str, &[&Outline<'_>], &[(String, u64)]),
) -> Markup {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let count_of = |code: &str| counts.iter().find(|(known, _)| known == code).map_or(0, |(_, count)| *count);
    html! {
        figure {
            figcaption { (name) }
            svg viewBox=(format!("0 0 {WIDTH} {:.0}", frame.height)) role="group" aria-label=(name) {
                @for outline in outlines {
                    @let code = outline.party.as_str();
                    @let count = count_of(code);
                    @let said = fill(words.map_cases, &[("unit", &signed.unit(code)), ("n", &count.to_string())]);
                    a href=(format!("/figures?period={period}&party={code}")) aria-label=(said) {
                        path .area .(format!("heat-{}", shade(count, most))) d=(frame.path(outline)) { title { (said) } }
                        @if let Some((x, y)) = frame.middle(outline) {
                            text x=(format!("{x:.1}")) y=(format!("{y:.1}")) aria-hidden="true" { (signed.unit(code)) " " (count) }
                        }
                    }
                }
            }
        }
    }
}

/// From none to most, in steps.
fn shade(count: u64, most: u64) -> u64 {
    if most == 0 { 0 } else { (count * SHADES).div_ceil(most) }
}

impl Frame {
    /// Around all of them; none without any.
    fn around(outlines: &[Outline<'_>]) -> Option<Self> {
        let points = || outlines.iter().flat_map(|outline| outline.rings.iter().flatten());
        let range = |of: fn(&(f64, f64)) -> f64| {
            points().map(of).fold(None, |range, at| match range {
                None => Some((at, at)),
                Some((low, high)) => Some((f64::min(low, at), f64::max(high, at))),
            })
        };
        let ((west, east), (south, north)) = (range(|at| at.0)?, range(|at| at.1)?);
        let stretch = 1.0 / f64::to_radians(f64::midpoint(south, north)).cos().max(0.01);
        let scale = (WIDTH - 2.0 * MARGIN) / f64::max(east - west, 1e-6);
        let height = (north - south) * stretch * scale + 2.0 * MARGIN;
        Some(Self { west, north, scale, stretch, height })
    }

    fn at(&self, (longitude, latitude): (f64, f64)) -> (f64, f64) {
        let x = MARGIN + (longitude - self.west) * self.scale;
        (x, MARGIN + (self.north - latitude) * self.stretch * self.scale)
    }

    /// As the path of an SVG; holes stay open by the even-odd rule.
    fn path(&self, outline: &Outline<'_>) -> String {
        let ring = |ring: &Vec<(f64, f64)>| {
            let points: Vec<String> =
                ring.iter().map(|at| self.at(*at)).map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            format!("M{}Z", points.join("L"))
        };
        outline.rings.iter().map(ring).collect()
    }

    /// The middle of what an outline reaches.
    fn middle(&self, outline: &Outline<'_>) -> Option<(f64, f64)> {
        let ring = outline.rings.first().filter(|ring| ring.len() > 1)?;
        // The last is the first again.
        let corners = &ring[..ring.len() - 1];
        let number = f64::from(u32::try_from(corners.len()).ok()?);
        let sum = corners.iter().fold((0.0, 0.0), |sum, at| (sum.0 + at.0, sum.1 + at.1));
        Some(self.at((sum.0 / number, sum.1 / number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_drawn_north_up_and_shaded_by_how_much_there_is() {
        let party = "here".parse().unwrap();
        let rings = vec![vec![(114.0, 30.0), (114.2, 30.0), (114.2, 30.1), (114.0, 30.1), (114.0, 30.0)]];
        let outline = Outline { party: &party, kind: PartyKind::Street, rings };
        let frame = Frame::around(std::slice::from_ref(&outline)).unwrap();
        // A tenth of a degree north is longer on the ground than a tenth east.
        assert!((frame.height - 2.0 * MARGIN - 392.0 / 30.05_f64.to_radians().cos()).abs() < 0.5, "{}", frame.height);
        let (_, south) = frame.at((114.0, 30.0));
        let (east, north) = frame.at((114.2, 30.1));
        assert!((east - (WIDTH - MARGIN)).abs() < 1e-6 && (north - MARGIN).abs() < 1e-6, "{east} {north}");
        assert!(south > north);
        assert!(frame.path(&outline).starts_with('M') && frame.path(&outline).ends_with('Z'));
        assert_eq!([0, 1, 5, 10].map(|count| shade(count, 10)), [0, 1, 2, 4]);
        assert_eq!(shade(0, 0), 0);
        assert!(Frame::around(&[]).is_none());
    }
}
