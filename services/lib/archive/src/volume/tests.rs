#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ids::{Owner, Revision};
use proptest::prelude::*;
use proto::subjects::CommitSubject;

use super::*;

fn case(n: u8) -> HistoryKey {
    let id = CaseId::draw(jiff::civil::date(2026, 11, 21), &mut fixed(n));
    HistoryKey::case("wuchang".parse().unwrap(), &id)
}

fn fixed(seed: u8) -> impl rand::Rng {
    use rand::SeedableRng;
    rand::rngs::StdRng::from_seed([seed; 32])
}

fn commits(key: &HistoryKey, from: u64, payloads: &[Vec<u8>]) -> Vec<AsStored> {
    let commit = |(n, payload): (u64, &Vec<u8>)| AsStored {
        subject: CommitSubject { key: key.clone(), owner: Owner::Dispatch, revision: Revision(n + 1) },
        sequence: from + n,
        payload: payload.clone().into(),
    };
    (0..).zip(payloads).map(commit).collect()
}

fn mark() -> Mark {
    Mark { walked: [("wuchang".parse().unwrap(), 4711)].into(), left_open: vec![case(200)] }
}

/// A volume of such cases, and where each lies.
fn volume(previous: Option<&Volume>, cases: &[Vec<AsStored>]) -> (VolumeName, Vec<u8>, Vec<Place>) {
    let mut writer = Writer::begin(previous, Timestamp::UNIX_EPOCH).unwrap();
    let places =
        cases.iter().map(|commits| writer.add(&commits.first().unwrap().subject.key, commits).unwrap()).collect();
    let (name, bytes) = writer.seal(&mark()).unwrap();
    (name, bytes, places)
}

fn three() -> Vec<Vec<AsStored>> {
    (1..=3).map(|n| commits(&case(n), u64::from(n) * 100, &[vec![n; 300], vec![n, 1, 2], vec![]])).collect()
}

proptest! {
    #[test]
    fn what_goes_into_a_volume_comes_out_of_it(
        histories in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..8), 0..6),
    ) {
        let cases: Vec<Vec<AsStored>> = histories
            .iter()
            .zip(0u8..)
            .map(|(payloads, n)| commits(&case(n), 1 + u64::from(n) * 10, payloads))
            .collect();
        let (name, bytes, places) = volume(None, &cases);
        let read = Volume::read(name, bytes).unwrap();
        read.check().unwrap();
        prop_assert_eq!(&read.mark, &mark());
        for (place, commits) in places.iter().zip(&cases) {
            prop_assert_eq!(&commits_of(&read.file(place).unwrap()).unwrap(), commits);
        }
        let listed: Vec<Place> = read.files().map(|(place, _)| place).collect();
        prop_assert_eq!(listed, places);
    }

    #[test]
    fn no_byte_of_a_volume_can_change_unseen(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let (name, mut bytes, _) = volume(None, &three());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Volume::read(name, bytes).is_err());
    }

    #[test]
    fn a_volume_that_breaks_off_is_none(length in any::<prop::sample::Index>()) {
        let (_, bytes, _) = volume(None, &three());
        let part = bytes[..length.index(bytes.len())].to_vec();
        // Even under the name that its content would give it.
        let name = VolumeName::of(1, Sha256Sum::of(&part));
        prop_assert!(Volume::read(name, part).is_err());
    }
}

#[test]
fn a_file_that_is_put_in_place_of_another_breaks_the_chain() {
    let (name, bytes, places) = volume(None, &three());
    let mut other = three();
    other[1] = commits(&case(2), 200, &[vec![9; 300], vec![2, 1, 2], vec![]]);
    let (_, forged, forged_places) = volume(None, &other);
    // Whoever forges gives the whole a name that fits it; the file after the forged one still names the old one.
    let start = |place: &Place| usize::try_from(place.offset).unwrap() - LENGTH_BYTES;
    let mixed = [&forged[..start(&forged_places[2])], &bytes[start(&places[2])..]].concat();
    let volume = Volume::read(VolumeName::of(1, Sha256Sum::of(&mixed)), mixed).unwrap();

    let damage = volume.check().unwrap_err();
    assert!(damage.problem.contains("the file before it"), "{damage}");
    let tombstone = volume.file(&places[1]).unwrap_err();
    assert!(tombstone.problem.contains("hashes to"), "{tombstone}");
    assert!(Volume::read(name, bytes).unwrap().check().is_ok());
}

#[test]
fn a_commit_changed_inside_a_case_file_breaks_its_own_chain() {
    let (name, bytes, places) = volume(None, &three());
    let mut file = Volume::read(name, bytes).unwrap().file(&places[0]).unwrap();
    file.commits[1].payload = vec![7];
    let packed = zstd::bulk::compress(&file.encode_to_vec(), LEVEL).unwrap();
    assert!(open("here", &packed).unwrap_err().problem.contains("its commits hash to"));
}

#[test]
fn each_volume_names_the_one_before_it() {
    let (name, bytes, _) = volume(None, &three());
    let first = Volume::read(name, bytes).unwrap();
    assert_eq!((first.head.number, first.head.previous.as_str()), (1, ""));
    let (name, bytes, _) = volume(Some(&first), &[]);
    let second = Volume::read(name, bytes).unwrap();
    second.check().unwrap();
    assert_eq!(second.head.number, 2);
    assert_eq!(second.head.previous, first.name.to_string());
    assert_eq!(second.head.previous_sha256, first.sha256.0);
}

#[test]
fn names_read_back_and_sort_by_number() {
    let name = VolumeName::of(12, Sha256Sum::of(b"x"));
    assert_eq!(name.to_string(), "volumes/0000000012-2d711642b726b044");
    assert_eq!(name.to_string().parse::<VolumeName>().unwrap(), name);
    assert!(VolumeName::of(9, Sha256Sum::of(b"y")) < name);
    for wrong in ["", "volumes/", "volumes/1", "volumes/x-2d711642b726b044", "volumes/1-2d71", "months/2026-11"] {
        assert!(wrong.parse::<VolumeName>().is_err(), "{wrong:?}");
    }
}
