//! A first guess at what a case is about, from the words the charter lists.
//!
//! Honest on purpose: it counts words, the same text always gives the same answer, and a person who asks why
//! can be shown the words. Below the charter's `confidence-min` a human judges.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::Category;

/// A category a text may belong to.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'c> {
    pub category: &'c Category,
    /// 0 to 1: how many words speak for it, and how clearly it leads the next best.
    pub confidence: f64,
}

/// A word in the title says more than one in the text.
const TITLE_WEIGHT: f64 = 3.0;
/// One two-character word in the text alone is a weak sign; this much evidence is an even one.
const EVEN_EVIDENCE: f64 = 1.5;
/// Whoever writes more than this has said it before.
const TEXT_BYTES_MAX: usize = 12_000;

/// The words of all categories, compiled once.
#[derive(Clone, Debug)]
pub(crate) struct Classifier {
    words: Option<AhoCorasick>,
    /// For each word: whose it is and what it weighs.
    speaks_for: Vec<(usize, f64)>,
}

impl Classifier {
    pub fn new(categories: &[Category]) -> Self {
        let mut words = Vec::new();
        let mut speaks_for = Vec::new();
        for (index, category) in categories.iter().enumerate() {
            for word in &category.keywords {
                words.push(word.as_str());
                speaks_for.push((index, weight(word)));
            }
        }
        // Overlapping search needs the standard kind; building fails only beyond 2^31 patterns.
        let words = AhoCorasick::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(words);
        Self { words: words.ok(), speaks_for }
    }

    /// Best first; of equal ones the more specific, then the order of the charter.
    pub fn classify<'c>(&self, categories: &'c [Category], title: &str, text: &str) -> Vec<Candidate<'c>> {
        let mut scores = vec![0.0; categories.len()];
        self.count(title, TITLE_WEIGHT, &mut scores);
        self.count(text, 1.0, &mut scores);
        let mut found: Vec<(&Category, f64)> =
            categories.iter().zip(scores).filter(|(_, score)| *score > 0.0).collect();
        let general = |category: &Category| category.parent.is_none();
        found.sort_by(|(one, score), (other, rival)| rival.total_cmp(score).then(general(one).cmp(&general(other))));
        let confidence = |category: &Category, score: f64| {
            let rival = found.iter().find(|(other, _)| !related(category, other)).map_or(0.0, |(_, score)| *score);
            score / (score + rival) * score / (score + EVEN_EVIDENCE)
        };
        found.iter().map(|(category, score)| Candidate { category, confidence: confidence(category, *score) }).collect()
    }

    /// Adds each word that occurs in `text` once, however often it occurs.
    fn count(&self, text: &str, times: f64, scores: &mut [f64]) {
        let Some(words) = &self.words else { return };
        let text = &text.as_bytes()[..text.len().min(TEXT_BYTES_MAX)];
        let mut seen = vec![false; self.speaks_for.len()];
        for found in words.find_overlapping_iter(text) {
            let word = found.pattern().as_usize();
            if !std::mem::replace(&mut seen[word], true) {
                let (category, weight) = self.speaks_for[word];
                scores[category] += weight * times;
            }
        }
    }
}

/// A category is no rival of itself, nor of the one above it.
fn related(one: &Category, other: &Category) -> bool {
    one.code == other.code || one.parent.as_ref() == Some(&other.code) || other.parent.as_ref() == Some(&one.code)
}

/// Longer words are rarer and say more: two characters count one, every further one half.
fn weight(word: &str) -> f64 {
    let characters = u16::try_from(word.chars().count()).unwrap_or(u16::MAX);
    f64::from(characters) / 2.0
}
