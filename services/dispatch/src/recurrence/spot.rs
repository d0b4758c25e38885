//! Where a case is looked for, as one word of a subject: its address, and the cell of the map its point lies in.
//!
//! Whether two places are one is for [`crate::domain::is_same_place`] to say; here they only have to meet.

use charter::RECURRENCE_DISTANCE_M_MAX;
use ids::Code;
use sha2::{Digest, Sha256};
use vocabulary::{Place, Point};

use crate::domain::plain;

/// Height of a cell in degrees, and its width on the ground: no less than the farthest that two points of one place may
/// be apart, so that they lie in one cell or in two that touch. A degree of latitude is about 111,195 m.
const CELL_DEGREES: f64 = 0.004_5;
const _: () = assert!(RECURRENCE_DISTANCE_M_MAX <= 500, "cells are for at most 500 m");
/// Nearer to a pole than this a cell has no width to speak of, and nobody lives.
const WIDTH_MIN: f64 = 0.01;

/// Where a case is kept.
pub fn kept_at(place: &Place) -> Vec<String> {
    let cell = point_of(place).map(|(party, point)| {
        let row = row(point.latitude);
        cell(party, row, column(row, point.longitude))
    });
    address(place).into_iter().chain(cell).collect()
}

/// Where cases of the same place may be kept.
pub fn looked_for_at(place: &Place) -> Vec<String> {
    let cells = point_of(place).into_iter().flat_map(|(party, point)| {
        let own = row(point.latitude);
        (own - 1..=own + 1).flat_map(move |row| {
            let own = column(row, point.longitude);
            (own - 1..=own + 1).map(move |column| cell(party, row, column))
        })
    });
    address(place).into_iter().chain(cells).collect()
}

/// Points are compared within their party.
fn point_of(place: &Place) -> Option<(&Code, Point)> {
    place.party.as_ref().zip(place.position())
}

fn address(place: &Place) -> Option<String> {
    let words = plain(&place.address);
    (!words.is_empty()).then(|| word('a', &words))
}

fn cell(party: &Code, row: i64, column: i64) -> String {
    word('p', &format!("{party}/{row}/{column}"))
}

#[allow(clippy::cast_possible_truncation, reason = "degrees on earth")]
fn row(latitude: f64) -> i64 {
    (latitude / CELL_DEGREES).floor() as i64
}

/// Degrees of longitude become shorter towards the poles: each row has columns of its own width, as wide on its narrow
/// side as a cell is high. No district lies across the date line.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "degrees on earth")]
fn column(row: i64, longitude: f64) -> i64 {
    let edges = [row, row + 1].map(|edge| (edge as f64 * CELL_DEGREES).to_radians().cos());
    let narrow = edges[0].min(edges[1]).max(WIDTH_MIN);
    (longitude * narrow / CELL_DEGREES).floor() as i64
}

/// Short enough for a subject, and the same in every version: what is stored is found by it.
fn word(kind: char, text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).fold(String::from(kind), |word, byte| word + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::is_same_place;

    fn at(longitude: f64, latitude: f64) -> Place {
        Place {
            party: Some("wuchang-yangyuan-simei".parse().unwrap()),
            point: Some(Point { longitude, latitude }),
            ..Place::default()
        }
    }

    fn meet(one: &Place, other: &Place) -> bool {
        let looked_for = looked_for_at(one);
        kept_at(other).iter().any(|at| looked_for.contains(at))
    }

    #[test]
    fn an_address_is_one_word_however_it_is_written_and_never_changes() {
        let said = |address: &str| kept_at(&Place { address: address.to_owned(), ..Place::default() });
        assert_eq!(said("橋梁村 路口"), said("橋梁村路口"));
        // What is stored in a running installation is found by exactly this.
        assert_eq!(said("橋梁村路口"), ["abbc0876bd19bc70d"]);
        assert!(said("  ").is_empty());
        assert!(kept_at(&at(0.0, 0.0)).is_empty(), "what a device says that does not know where it is");
    }

    proptest! {
        #[test]
        fn places_that_are_one_meet(
            longitude in -179.0..179.0_f64, latitude in -80.0..80.0_f64,
            east in -0.03..0.03_f64, north in -0.005..0.005_f64,
        ) {
            let (one, other) = (at(longitude, latitude), at(longitude + east, latitude + north));
            if is_same_place(&one, &other, true, RECURRENCE_DISTANCE_M_MAX) {
                prop_assert!(meet(&one, &other) && meet(&other, &one));
            }
        }
    }
}
