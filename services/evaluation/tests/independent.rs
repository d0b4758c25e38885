//! The arithmetic of a period against another implementation of `docs/evaluation.md`: made-up periods, computed by the rules
//! here and by `period.py`, which shares no line with them, and compared to the last byte.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise, in its helpers too")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use charter::Unrated;
use evaluation::domain::period::text::first_difference;
use evaluation::domain::period::{Counted, Publication, Table, Terms};
use evaluation::domain::{Part, Score};
use ids::Code;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Periods compared where the environment does not ask for more, in `HUYING_PERIODS`.
const PERIODS: u64 = 200;
const SEED: u64 = 20_261_130;

/// One period, as both get it.
struct Period {
    scores: Vec<Score>,
    externals: Vec<Code>,
    /// The units of each excluded case.
    excluded: Vec<Vec<Code>>,
    terms: Terms,
    marks: BTreeMap<Code, Decimal>,
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn hundredths(number: i64) -> Decimal {
    Decimal::new(number, 2)
}

/// Percents that sum to 100, whole or with a place.
fn shares(random: &mut StdRng, parts: usize) -> Vec<Decimal> {
    let mut left = 1000;
    let mut shares: Vec<i64> = Vec::new();
    for part in 1..parts {
        let most = left - 10 * i64::try_from(parts - part).unwrap();
        let share = random.random_range(1..=most);
        let share = if random.random_bool(0.8) && share >= 10 { share / 10 * 10 } else { share };
        shares.push(share);
        left -= share;
    }
    shares.push(left);
    shares.into_iter().map(|tenths| Decimal::new(tenths, 1).normalize()).collect()
}

fn formula(random: &mut StdRng, number: usize) -> (String, Unrated, Vec<(Code, Decimal)>) {
    let parts = random.random_range(1..=5);
    let weights = shares(random, parts).into_iter().enumerate();
    let weights = weights.map(|(part, weight)| (code(&format!("part-{part}")), weight)).collect();
    let unrated = if random.random_bool(0.3) { Unrated::HeldBack } else { Unrated::Spread };
    (format!("formula {number}"), unrated, weights)
}

fn period(random: &mut StdRng) -> Period {
    // As many as a small district has, and now and then as many as any.
    let most = if random.random_bool(0.1) { 200 } else { 40 };
    let units: Vec<Code> = (0..random.random_range(1..=most)).map(|unit| code(&format!("unit-{unit:02}"))).collect();
    let externals: Vec<Code> = units.iter().filter(|_| random.random_bool(0.05)).cloned().collect();
    let formulas: Vec<_> = (0..random.random_range(1..=3)).map(|number| formula(random, number)).collect();
    // Few different rates make ties, many make long fractions.
    let steps = if random.random_bool(0.3) { 2 } else { 100 };
    let mut scores = Vec::new();
    for unit in &units {
        let most = *[0, 1, 3, 40].get(random.random_range(0..4)).unwrap();
        for _ in 0..random.random_range(0..=most) {
            let (name, unrated, weights) = &formulas[random.random_range(0..formulas.len())];
            let parts: Vec<Part> = weights
                .iter()
                .map(|(code, weight)| Part {
                    code: code.clone(),
                    weight: *weight,
                    rate: random
                        .random_bool(0.85)
                        .then(|| hundredths(random.random_range(0..=steps) * (100 / steps)).normalize()),
                })
                .collect();
            // What nobody rated at all is never scored.
            if parts.iter().all(|part| part.rate.is_none()) {
                continue;
            }
            let mut score =
                Score { round: 1, party: unit.clone(), formula: name.clone(), unrated: *unrated, parts, total: None };
            score.total = score.total_of_parts();
            scores.push(score);
        }
    }
    let excluded = (0..random.random_range(0..4))
        .map(|_| units.iter().filter(|_| random.random_bool(0.2)).cloned().collect())
        .collect();
    let is_year = random.random_bool(0.5);
    let tiers = ["excellent", "good", "fair"];
    let tiers = match random.random_range(0..3) {
        _ if !is_year => vec![],
        0 => tiers.iter().map(|tier| code(tier)).zip(shares(random, 3)).collect(),
        _ => tiers.iter().map(|tier| code(tier)).zip([60, 30, 10].map(Decimal::from)).collect(),
    };
    let yearly = (is_year && random.random_bool(0.6)).then(|| {
        let shares = shares(random, 2);
        (shares[0], shares[1])
    });
    let mut marks = BTreeMap::new();
    for unit in &units {
        if random.random_bool(0.95) {
            marks.insert(unit.clone(), Decimal::new(random.random_range(0..=1_000_000), 4));
        }
    }
    Period {
        scores,
        externals,
        excluded,
        terms: Terms { tiers, ranked_from: random.random_range(1..=3), yearly },
        marks,
    }
}

impl Period {
    fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        for score in &self.scores {
            counted.add(score, self.externals.contains(&score.party));
        }
        self.excluded.iter().for_each(|units| counted.exclude(units));
        counted
    }

    fn publication(&self, number: u32) -> Publication {
        Publication {
            district: code("wuchang"),
            name: "2026".parse().unwrap(),
            number,
            reason: String::new(),
            charter: "v-1".to_owned(),
            position: u64::from(number) * 7,
            table: Table::of(&self.counted(), self.terms.clone(), &self.marks),
            appeals_until: Timestamp::UNIX_EPOCH,
        }
    }

    /// Without a figure that the rules here have computed.
    fn raw(&self, number: u32) -> Value {
        let score = |score: &Score| {
            let parts = score.parts.iter().map(|part| json!([part.code.as_str(), part.weight, part.rate]));
            json!({
                "party": score.party.as_str(),
                "formula": score.formula,
                "unrated": score.unrated.as_str(),
                "parts": parts.collect::<Vec<_>>(),
            })
        };
        let codes = |codes: &[Code]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
        json!({
            "district": "wuchang",
            "period": "2026",
            "publication": number,
            "charter": "v-1",
            "position": number * 7,
            "ranked_from": self.terms.ranked_from,
            "yearly": self.terms.yearly.map(|(street, imported)| [street, imported]),
            "tiers": self.terms.tiers.iter().map(|(tier, share)| json!([tier.as_str(), share])).collect::<Vec<_>>(),
            "marks": self.marks.iter().map(|(unit, mark)| (unit.to_string(), json!(mark))).collect::<BTreeMap<_, _>>(),
            "externals": codes(&self.externals),
            "excluded": self.excluded.iter().map(|units| codes(units)).collect::<Vec<_>>(),
            "scores": self.scores.iter().map(score).collect::<Vec<_>>(),
        })
    }
}

fn computed_elsewhere(periods: &[Value]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/period.py");
    let mut python = Command::new("python3")
        .args(["-I", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed, see CONTRIBUTING.md");
    let mut input = python.stdin.take().unwrap();
    let periods = serde_json::to_vec(periods).unwrap();
    let feeding = std::thread::spawn(move || input.write_all(&periods));
    let output = python.wait_with_output().unwrap();
    feeding.join().unwrap().unwrap();
    assert!(output.status.success(), "period.py: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "how many periods is said from outside")]
fn another_implementation_computes_the_same_tables_to_the_last_digit() {
    let asked = std::env::var("HUYING_PERIODS").ok();
    let count = asked.map_or(PERIODS, |count| count.parse().expect("HUYING_PERIODS is a number of periods"));
    let mut random = StdRng::seed_from_u64(SEED);
    let periods: Vec<Period> = (0..count).map(|_| period(&mut random)).collect();
    let raw: Vec<Value> = (1..).zip(&periods).map(|(number, period)| period.raw(number)).collect();
    let elsewhere = computed_elsewhere(&raw);
    assert_eq!(elsewhere.len(), periods.len());
    let mut ties = 0;
    for ((number, period), elsewhere) in (1..).zip(&periods).zip(&elsewhere) {
        let publication = period.publication(number);
        if let Some((line, here, there)) = first_difference(&publication.text(), elsewhere) {
            panic!("period {number} of seed {SEED}, line {line}:\nhere  {here:?}\nthere {there:?}");
        }
        let ranks: Vec<_> = publication.table.rows.iter().filter_map(|row| row.rank).collect();
        ties += ranks.windows(2).filter(|pair| pair.first() == pair.last()).count();
    }
    assert!(ties > 0, "no two units were ever equal: these periods show nothing about ties");
}
