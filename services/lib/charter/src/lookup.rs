//! What a charter answers. Everything is in memory and small; nothing here can fail.

use ids::Code;
use jiff::Timestamp;

use crate::organisation::{COMMAND_CENTRE, ENFORCEMENT_CENTRE};
use crate::{
    Bridge, Calendar, Campaign, Candidate, Category, Centre, Channel, Charter, Colour, ColourLimits, CommunityItem,
    Containment, Deadline, DecisionItem, Duty, Entry, Formula, GradingRow, Group, Handler, Level, Limit, LimitUnit,
    NamedLimit, Outline, Party, PartyKind, Publishing, RatingStep, Situation, SourceFile, SquadTemplate, Standstill,
    Text, Tier, UnitTemplate,
};

/// How long an answer waits for help where the charter does not say. Longer than finding work or a place to live mostly takes, and short enough that whoever is asked remembers.
const HELP_WAIT: Limit = Limit { amount: 90, unit: LimitUnit::Days };
/// How long a closed case stays on the record where the charter does not say: half a year, in minutes.
const FILING_MINUTES: u64 = 180 * 24 * 60;

/// Who there is.
impl Charter {
    #[must_use]
    pub fn party(&self, code: &str) -> Option<&Party> {
        self.organisation.party(code)
    }

    /// All of them, the city first, each street followed by its communities, grids, units and squads.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.organisation.parties
    }

    pub fn find_parties(&self, kind: PartyKind) -> impl Iterator<Item = &Party> {
        self.parties().iter().filter(move |party| party.kind == kind)
    }

    /// Grids, communities and streets: where something can be.
    pub fn places(&self) -> impl Iterator<Item = &Party> {
        self.parties().iter().filter(|party| party.kind.is_place())
    }

    #[must_use]
    pub fn place(&self, code: &str) -> Option<&Party> {
        self.party(code).filter(|party| party.kind.is_place())
    }

    /// Every party that runs its own responder service and so can be called.
    pub fn departments(&self) -> impl Iterator<Item = &Party> {
        self.parties().iter().filter(|party| party.responder)
    }

    /// From the next level up to the city; empty for an unknown code.
    pub fn ancestors(&self, code: &Code) -> impl Iterator<Item = &Party> {
        self.organisation.ancestors(code)
    }

    /// Where this point lies (WGS 84 degrees): the grid that holds it, or the community, or the street; none outside
    /// every area of the charter.
    #[must_use]
    pub fn party_at(&self, longitude: f64, latitude: f64) -> Option<&Party> {
        self.areas.at(longitude, latitude).and_then(|code| self.party(code.as_str()))
    }

    /// Where the parties lie that have an area.
    #[must_use]
    pub fn outlines(&self) -> Vec<Outline<'_>> {
        self.areas.outlines()
    }

    /// The party itself or the street it belongs to.
    #[must_use]
    pub fn street_of(&self, code: &Code) -> Option<&Party> {
        self.organisation.nearest(code, PartyKind::Street)
    }

    /// The party itself or the community it belongs to.
    #[must_use]
    pub fn community_of(&self, code: &Code) -> Option<&Party> {
        self.organisation.nearest(code, PartyKind::Community)
    }

    /// The unit of the street template that this street has, e.g. its `command-centre`.
    #[must_use]
    pub fn unit_of(&self, street: &Code, unit: &str) -> Option<&Party> {
        self.party(&format!("{street}-{unit}"))
    }

    /// Whether a unit is the enforcement centre of a street, which every street template has: it runs joint operations
    ///
    #[must_use]
    pub fn is_enforcement_centre(&self, code: &Code) -> bool {
        let street = self.street_of(code);
        let centre = street.and_then(|street| self.unit_of(&street.code, ENFORCEMENT_CENTRE));
        centre.is_some_and(|centre| centre.code == *code)
    }

    /// The squad of the squad template that this street has, e.g. its `police`.
    #[must_use]
    pub fn squad_of(&self, street: &Code, squad: &str) -> Option<&Party> {
        self.party(&format!("{street}-squad-{squad}"))
    }

    /// The district's command centre, `<district>-centre`.
    #[must_use]
    pub fn district_centre(&self) -> &Party {
        &self.centre
    }

    #[must_use]
    pub fn street_units(&self) -> &[UnitTemplate] {
        &self.organisation.units
    }

    #[must_use]
    pub fn squads(&self) -> &[SquadTemplate] {
        &self.organisation.squads
    }

    /// Who a person can be in this charter.
    #[must_use]
    pub fn roles(&self) -> &[Entry] {
        &self.organisation.roles
    }

    #[must_use]
    pub fn group_classes(&self) -> &[Entry] {
        &self.organisation.group_classes
    }

    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.organisation.groups
    }

    /// The special group of this code, with its chair and the departments it schedules.
    #[must_use]
    pub fn group(&self, code: &str) -> Option<&Group> {
        self.groups().iter().find(|group| group.code.as_str() == code)
    }

    /// How the enforcement centre of a street is manned, unless the street differs.
    #[must_use]
    pub fn centre(&self) -> &Centre {
        &self.centres.usual
    }

    /// How this street's enforcement centre is manned.
    #[must_use]
    pub fn centre_of(&self, street: &Code) -> &Centre {
        let own = self.centres.streets.iter().find(|(code, _)| code == street);
        own.map_or(&self.centres.usual, |(_, centre)| centre)
    }
}

/// What a case is about, and whose it is.
impl Charter {
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories().iter().find(|category| category.code.as_str() == code)
    }

    #[must_use]
    pub fn categories(&self) -> &[Category] {
        &self.classification.categories
    }

    /// The fields of law a category may fall under, each held by one squad.
    #[must_use]
    pub fn legal_powers(&self) -> &[Entry] {
        &self.classification.legal_powers
    }

    /// The legal powers of a party, as the charter gives them. One that gives no department any was written before
    /// it could: there a department has the power of the squads that bear its name.
    #[must_use]
    pub fn powers_of(&self, party: &Code) -> Vec<&Code> {
        let Some(known) = self.party(party.as_str()) else { return Vec::new() };
        if !known.powers.is_empty() || self.gives_departments_powers() {
            return known.powers.iter().collect();
        }
        let named = party.as_str().strip_prefix(self.district.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let squad = self.squads().iter().find(|squad| Some(squad.code.as_str()) == named);
        squad.and_then(|squad| squad.power.as_ref()).into_iter().collect()
    }

    /// Whether the charter says of anybody that they hold this power.
    #[must_use]
    pub fn knows_who_holds(&self, power: &Code) -> bool {
        self.squads().iter().any(|squad| squad.power.as_ref() == Some(power))
            || self.parties().iter().any(|party| party.powers.contains(power))
    }

    fn gives_departments_powers(&self) -> bool {
        self.parties().iter().any(|party| party.kind != PartyKind::Squad && !party.powers.is_empty())
    }

    /// Every category for which a word speaks, best first. Below [`Charter::confidence_min`] a human judges.
    #[must_use]
    pub fn classify(&self, title: &str, text: &str) -> Vec<Candidate<'_>> {
        self.classifier.classify(self.categories(), title, text)
    }

    /// Whose a case of this category is at this place: the lowest party able to do it.
    ///
    /// A grid's matter falls to the community where there is no grid, a community's to the street's command
    /// centre where there is no community, and everything to the district's command centre where there is no
    /// street.
    #[must_use]
    pub fn holder_for(&self, category: &Category, place: Option<&Code>) -> &Party {
        let nearest = |kind| place.and_then(|place| self.organisation.nearest(place, kind));
        let street = || nearest(PartyKind::Street);
        let unit = |unit: &str| street().and_then(|street| self.unit_of(&street.code, unit));
        let holder = match &category.handler {
            Handler::Grid => nearest(PartyKind::Grid).or_else(|| nearest(PartyKind::Community)),
            Handler::Community => nearest(PartyKind::Community),
            Handler::Unit(code) => unit(code),
            Handler::Squad(code) => street().and_then(|street| self.squad_of(&street.code, code)),
            Handler::EnforcementCentre => unit(ENFORCEMENT_CENTRE),
            Handler::StreetCommandCentre => unit(COMMAND_CENTRE),
            Handler::District => Some(self.district_centre()),
        };
        holder.or_else(|| unit(COMMAND_CENTRE)).unwrap_or(self.district_centre())
    }

    /// The decision table, in its order.
    #[must_use]
    pub fn grading(&self) -> &[GradingRow] {
        &self.grading
    }

    #[must_use]
    pub fn situation(&self, code: &str) -> Option<&Situation> {
        self.situations.situations.iter().find(|situation| situation.code.as_str() == code)
    }

    #[must_use]
    pub fn situations(&self) -> &[Situation] {
        &self.situations.situations
    }

    #[must_use]
    pub fn aspects(&self) -> &[Entry] {
        &self.situations.aspects
    }
}

/// How long it may take.
impl Charter {
    #[must_use]
    pub fn colour_limits(&self, colour: Colour) -> &ColourLimits {
        self.limits.colour(colour)
    }

    /// Parts of the time of a call after which its parties are reminded, in percent, ascending.
    #[must_use]
    pub fn reminders(&self) -> &[u8] {
        &self.limits.reminders
    }

    /// Whether a case of this category and level is solved only when somebody shows something for it.
    #[must_use]
    pub fn needs_evidence(&self, level: Level, category: &str) -> bool {
        self.limits.evidence.contains(&level) || self.category(category).is_some_and(|category| category.evidence)
    }

    /// The category's own limit, or its level's.
    #[must_use]
    pub fn completion_limit(&self, level: Level, category: &Category) -> &Limit {
        let own = category.limit.as_ref().and_then(|code| self.limit(code.as_str()));
        own.unwrap_or_else(|| self.limits.level(level))
    }

    #[must_use]
    pub fn limit(&self, code: &str) -> Option<&Limit> {
        self.limits.named(code)
    }

    /// What was closed before this has stayed on the record for as long as the district wants it there: its limit
    /// `filing`, or half a year.
    #[must_use]
    pub fn filed_if_closed_before(&self, now: Timestamp) -> Timestamp {
        let minutes = self.limit("filing").map_or(FILING_MINUTES, |limit| limit.nominal_minutes());
        let stays = jiff::SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(i64::MAX / 60));
        now.checked_sub(stays).unwrap_or(Timestamp::MIN)
    }

    /// How long an answer waits at most to be asked about, from when something was opened to help the caller otherwise: the
    /// limit `help-wait`, or a quarter of a year.
    #[must_use]
    pub fn help_is_waited_for(&self) -> Limit {
        self.limit("help-wait").copied().unwrap_or(HELP_WAIT)
    }

    #[must_use]
    pub fn limits(&self) -> &[NamedLimit] {
        &self.limits.named
    }

    /// Whether a due date of this limit lies where working days cannot be counted yet: in a year whose holidays and make-up
    /// days are not published (D7). What is counted on the clock is certain always.
    #[must_use]
    pub fn is_provisional(&self, limit: Limit, due: Timestamp) -> bool {
        match limit.unit {
            LimitUnit::Minutes | LimitUnit::Hours | LimitUnit::Days => false,
            LimitUnit::WorkingDays | LimitUnit::WorkingHours => {
                !self.calendar.is_known(due.to_zoned(self.time_zone.clone()).date())
            }
        }
    }

    /// When `limit` runs out, counted from `start` in the district's time zone and office hours.
    ///
    /// Minutes, hours and days run on the clock. A working-day limit is due when the offices close on the
    /// n-th working day after the day of `start`; a working-hour limit when the offices have been open that
    /// long since `start`. A due date beyond the published holidays is provisional (D7).
    #[must_use]
    pub fn deadline(&self, start: Timestamp, limit: &Limit) -> Deadline {
        self.deadline_after(start, limit, &[])
    }

    /// As [`Charter::deadline`], for a clock that stood still during `standstills`, which are in order and do not overlap.
    ///
    /// On the clock a standstill adds its length. Of working hours those within a standstill do not count. Of working days
    /// those do not count at whose closing the clock stood still: a standstill within one day costs nothing. What begins
    /// when the time is up, or later, changes nothing.
    #[must_use]
    pub fn deadline_after(&self, start: Timestamp, limit: &Limit, standstills: &[Standstill]) -> Deadline {
        self.calendar.deadline(&self.time_zone, start, *limit, standstills)
    }

    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}

/// How it is rated.
impl Charter {
    #[must_use]
    pub fn formula(&self) -> &Formula {
        &self.evaluation.formula
    }

    /// How much has to be solved at the street or below, and how that is counted.
    #[must_use]
    pub fn containment(&self) -> &Containment {
        &self.evaluation.containment
    }

    /// How a period is published, appealed and ranked.
    #[must_use]
    pub fn publishing(&self) -> &Publishing {
        &self.evaluation.publishing
    }

    /// How often a caller is called back about one answer at most.
    #[must_use]
    pub fn callbacks(&self) -> u32 {
        self.evaluation.callbacks
    }

    /// Best first.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.evaluation.tiers
    }

    /// The scale a caller uses, best first.
    #[must_use]
    pub fn ratings(&self) -> &[RatingStep] {
        &self.evaluation.ratings
    }

    #[must_use]
    pub fn rating(&self, code: &str) -> Option<&RatingStep> {
        self.ratings().iter().find(|step| step.code.as_str() == code)
    }
}

/// Everything else the charter lists.
impl Charter {
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    #[must_use]
    pub fn channel(&self, code: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.code.as_str() == code)
    }

    #[must_use]
    pub fn bridges(&self) -> &[Bridge] {
        &self.bridges
    }

    /// Efforts with limits of their own, whether they run now or not.
    #[must_use]
    pub fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    #[must_use]
    pub fn campaign(&self, code: &str) -> Option<&Campaign> {
        self.campaigns.iter().find(|campaign| campaign.code.as_str() == code)
    }

    #[must_use]
    pub fn text(&self, code: &str) -> Option<&Text> {
        self.texts.iter().find(|text| text.code.as_str() == code)
    }

    #[must_use]
    pub fn duties(&self) -> &[Duty] {
        &self.duties.duties
    }

    #[must_use]
    pub fn duty(&self, code: &str) -> Option<&Duty> {
        self.duties().iter().find(|duty| duty.code.as_str() == code)
    }

    /// What a community may be asked to do.
    #[must_use]
    pub fn community_items(&self) -> &[CommunityItem] {
        &self.duties.community
    }

    /// The first listed matter of communities that covers this category.
    #[must_use]
    pub fn community_item_for(&self, category: &Code) -> Option<&CommunityItem> {
        self.duties.community_item_for(category)
    }

    /// Whether a community may be given work on a case of this category without an admission. Where the
    /// district has no list, nothing is kept from communities.
    #[must_use]
    pub fn community_may_take(&self, category: &Code) -> bool {
        self.community_items().is_empty() || self.community_item_for(category).is_some()
    }

    /// What the district has given its streets.
    #[must_use]
    pub fn powers(&self) -> &[Entry] {
        &self.powers.powers
    }

    #[must_use]
    pub fn power(&self, code: &str) -> Option<&Entry> {
        self.powers().iter().find(|power| power.code.as_str() == code)
    }

    #[must_use]
    pub fn decision_classes(&self) -> &[Entry] {
        &self.powers.classes
    }

    #[must_use]
    pub fn decision_items(&self) -> &[DecisionItem] {
        &self.powers.items
    }

    /// What it was read from, so that it can be kept and read again.
    #[must_use]
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }
}
