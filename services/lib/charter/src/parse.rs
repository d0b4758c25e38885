//! From files to a charter: reads every part, then compares what one part says of another.

use ids::Code;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::channel::CHANNELS_REQUIRED;
use crate::classify::Classifier;
use crate::limits::LIMITS_REQUIRED;
use crate::reader::{At, Cursor, Kind, Report};
use crate::recorded::{NEVER_TOLERATED, supply};
use crate::text::TEXTS_REQUIRED;
use crate::yaml::{Node, Position};
use crate::{Charter, Name, Problem, Recorded, SourceFile};
use crate::{area, calendar, campaign, category, centre, channel, document, duty, evaluation};
use crate::{expects, grading, limits, organisation, page, recurrence, situation, text};

/// The files that a charter may have as well.
const FILES_OPTIONAL: [&str; 3] = ["areas.yaml", "campaigns.yaml", "recurrence.yaml"];

/// The files that every charter has.
const FILES: [&str; 14] = [
    "calendar.yaml",
    "categories.yaml",
    "centre.yaml",
    "channels.yaml",
    "charter.yaml",
    "duties.yaml",
    "evaluation.yaml",
    "grading.yaml",
    "limits.yaml",
    "organisation.yaml",
    "powers.yaml",
    "situations.yaml",
    "streets.yaml",
    "texts.yaml",
];

impl Charter {
    /// Reads a charter that somebody writes, and checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, sorted by file and line; `deploy/charters/README.md` lists the rules.
    pub fn parse(files: &[SourceFile]) -> Result<Self, Vec<Problem>> {
        let (trees, unread) = trees(files);
        let (charter, problems) = read(files, &trees, unread);
        charter.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// Reads a version that is on the record, of whatever form it is: see `recorded.rs`.
    ///
    /// # Errors
    ///
    /// It can be no charter here, whatever is supplied or left out. The problems say why.
    pub fn from_record(files: &[SourceFile]) -> Result<Recorded, Vec<Problem>> {
        let (mut trees, mut unread) = trees(files);
        unread.extend(supply(&mut trees));
        let (charter, remarks) = read(files, &trees, unread);
        match charter.filter(|_| !remarks.iter().any(|remark| NEVER_TOLERATED.contains(&remark.rule))) {
            Some(charter) => Ok(Recorded { charter, remarks }),
            None => Err(remarks),
        }
    }
}

/// The files as trees, and what is wrong with those that are none.
fn trees(files: &[SourceFile]) -> (Vec<(&str, Node)>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut trees = Vec::new();
    for file in files {
        match tree(file) {
            Ok(node) => trees.push((file.path.as_str(), node)),
            Err(problem) => problems.push(problem),
        }
    }
    (trees, problems)
}

/// As much of a charter as can be read, and everything that is wrong with it.
fn read(files: &[SourceFile], trees: &[(&str, Node)], mut problems: Vec<Problem>) -> (Option<Charter>, Vec<Problem>) {
    let report = Report::default();
    // One that is there and cannot be read is not missing.
    let there = |name: &str| trees.iter().any(|(path, _)| *path == name) || files.iter().any(|file| file.path == name);
    for missing in FILES.iter().filter(|name| !there(name)) {
        let at = At { file: missing, position: Position::default() };
        report.add(at, "missing-file", "a charter has this file");
    }
    let parts = Parts { trees, report: &report };
    let charter = parts.head().and_then(|head| parts.charter(head, files));
    // With a file unread its codes are unknown for no fault of those who refer to them.
    let complete = problems.iter().all(|problem| problem.rule == "supplied")
        && FILES.iter().all(|name| parts.file(name).is_some());
    problems.extend(report.finish(complete));
    problems.sort();
    problems.dedup();
    (charter, problems)
}

fn tree(file: &SourceFile) -> Result<Node, Problem> {
    let problem = |position: Position, rule, message| Problem {
        file: file.path.clone(),
        line: position.line,
        column: position.column,
        rule,
        message,
    };
    if !FILES.iter().chain(&FILES_OPTIONAL).any(|name| *name == file.path) {
        let message = format!("a charter consists of {}, and may have {}", FILES.join(", "), FILES_OPTIONAL.join(", "));
        return Err(problem(Position::default(), "unknown-file", message));
    }
    crate::yaml::parse(&file.text).map_err(|(position, message)| problem(position, "yaml-syntax", message))
}

/// What `charter.yaml` says before anything else can be read.
struct Head<'a, 'r> {
    district: Code,
    version: Option<String>,
    name: Option<Name>,
    effective: Option<Date>,
    time_zone: Option<TimeZone>,
    confidence_min: Option<f64>,
    expects: Option<Cursor<'a, 'r>>,
}

struct Parts<'a, 'r> {
    trees: &'a [(&'a str, Node)],
    report: &'r Report<'a>,
}

impl<'a, 'r> Parts<'a, 'r> {
    fn file(&self, name: &str) -> Option<Cursor<'a, 'r>> {
        let (path, node) = self.trees.iter().find(|(path, _)| *path == name)?;
        Some(Cursor::new(path, node, self.report))
    }

    fn head(&self) -> Option<Head<'a, 'r>> {
        self.file("charter.yaml")?.map(|fields| {
            let district = fields.need("district").and_then(|cursor| cursor.code());
            let head = Head {
                version: fields.need("version").and_then(version),
                name: fields.name(),
                effective: fields.need("effective").and_then(|cursor| cursor.date("effective-date")),
                time_zone: fields.need("time-zone").and_then(time_zone),
                confidence_min: fields.need("confidence-min").and_then(confidence),
                expects: fields.need("expects"),
                district: district?,
            };
            Some(head)
        })?
    }

    fn charter(&self, head: Head<'a, 'r>, files: &[SourceFile]) -> Option<Charter> {
        let (here, streets) = (self.file("organisation.yaml"), self.file("streets.yaml"));
        let organisation = organisation::read(&head.district, here, streets);
        let situations = self.file("situations.yaml").map(situation::read);
        let classification = self.file("categories.yaml").map(category::read);
        let grading = self.file("grading.yaml").map(grading::read);
        let limits = self.file("limits.yaml").and_then(limits::read);
        let calendar = self.file("calendar.yaml").map(calendar::read);
        let evaluation = self.file("evaluation.yaml").and_then(evaluation::read);
        let channels = self.file("channels.yaml").map(|file| channel::read(&head.district, file));
        let texts = self.file("texts.yaml").map(text::read);
        let campaigns = self.file("campaigns.yaml").map(campaign::read).unwrap_or_default();
        let areas = self.file("areas.yaml").map(|file| area::read(&organisation, file)).unwrap_or_default();
        let centres = self.file("centre.yaml").and_then(centre::read);
        let recurrences = self.file("recurrence.yaml").map(recurrence::read).unwrap_or_default();
        let duties = self.file("duties.yaml").map(duty::read_duties);
        let powers = self.file("powers.yaml").map(duty::read_powers);
        self.require(Kind::Limit, "limits.yaml", "required-limits", &LIMITS_REQUIRED);
        self.require(Kind::Text, "texts.yaml", "required-texts", &TEXTS_REQUIRED);
        self.require(Kind::Channel, "channels.yaml", "required-channels", &CHANNELS_REQUIRED);
        let (channels, bridges) = channels?;
        let classification = classification?;
        let charter = Charter {
            centre: organisation.centre()?.clone(),
            classifier: Classifier::new(&classification.categories),
            district: head.district,
            version: head.version?,
            name: head.name?,
            effective: head.effective?,
            time_zone: head.time_zone?,
            confidence_min: head.confidence_min?,
            organisation,
            classification,
            grading: grading?,
            situations: situations?,
            limits: limits?,
            calendar: calendar?,
            evaluation: evaluation?,
            channels,
            bridges,
            campaigns,
            areas,
            texts: texts?,
            centres: centres?,
            duties: duties?,
            powers: powers?,
            recurrences,
            sources: files.to_vec(),
        };
        category::check_powers(charter.categories(), charter.squads(), self.report);
        category::check_duties(charter.categories(), charter.duties(), self.report);
        grading::check(&charter, self.report);
        duty::check_community(&charter.duties, charter.categories(), self.report);
        situation::check_callable(&charter.situations, &charter.organisation, self.report);
        page::check(&charter, self.report);
        limits::check(&charter.limits, charter.categories(), self.report);
        centre::check(&charter.centres, &charter.organisation, self.report);
        if let Some(file) = self.file("centre.yaml") {
            document::check(&charter.centres.numbering, &charter.organisation, file, self.report);
        }
        if let Some(expects) = head.expects {
            expects::check(&charter, expects);
        }
        Some(charter)
    }

    fn require(&self, kind: Kind, file: &str, rule: &'static str, codes: &[&str]) {
        let Some(cursor) = self.file(file) else { return };
        for code in codes {
            let known = code.parse().is_ok_and(|code| self.report.place_of(kind, &code).is_some());
            if !known {
                cursor.problem(rule, format!("{code} is missing"));
            }
        }
    }
}

/// One subject token, so that a version can be named in the record.
fn version(cursor: Cursor<'_, '_>) -> Option<String> {
    let version = cursor.text()?;
    let fits =
        (1..=32).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !fits {
        cursor.problem("version-grammar", "a version has 1 to 32 letters, digits and hyphens");
    }
    fits.then_some(version)
}

/// From the database in the program, so that the machine's own cannot change what a charter means.
fn time_zone(cursor: Cursor<'_, '_>) -> Option<TimeZone> {
    let name = cursor.text()?;
    let found = TimeZoneDatabase::bundled().get(&name).ok();
    if found.is_none() {
        cursor.problem("time-zone", format!("{name} is not a name of the IANA time zone database"));
    }
    found
}

fn confidence(cursor: Cursor<'_, '_>) -> Option<f64> {
    let confidence = cursor.float("confidence-range")?;
    let fits = (0.0..=1.0).contains(&confidence);
    if !fits {
        cursor.problem("confidence-range", format!("{confidence} is not from 0 to 1"));
    }
    fits.then_some(confidence)
}
