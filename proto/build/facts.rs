//! Writes what `src/facts.rs` includes: for each owner of facts a trait with one method per event, and each event's name
//! stage and age. Who owns facts is read from `record.v1.Event`; stage and age from the options at an event's declaration.

use std::error::Error;
use std::fmt::Write;

use protox::prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, Value};

const ENVELOPE: &str = "huying.record.v1.Event";
/// What the envelope lies in, and the field of it that says what a commit follows.
const COMMIT: &str = "huying.record.v1.Commit";
const LINK: &str = "previous_sha256";
const STAGE: &str = "huying.common.v1.stage";
const SINCE: &str = "huying.common.v1.since";
/// Form of the record in which events came that say nothing of it.
const FIRST_FORM: u32 = 1;

pub fn generate(contracts: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let envelope = contracts.get_message_by_name(ENVELOPE).ok_or("the record has no envelope")?;
    let mut code = String::new();
    for owner in envelope.fields() {
        write_owner(&mut code, &owner, &message(&owner)?)?;
    }
    let owners = || envelope.fields().map(|owner| owner.name().to_owned());
    let mut form = FIRST_FORM;
    for owner in envelope.fields() {
        for event in message(&owner)?.fields() {
            form = form.max(since(&event)?);
        }
    }
    let commit = contracts.get_message_by_name(COMMIT).ok_or("the record has no commits")?;
    let link = commit.get_field_by_name(LINK).ok_or("a commit does not say what it follows")?;
    let chained = since(&link)?;
    form = form.max(chained);
    writeln!(code, "/// Form of the record from which on each commit says what it follows (D18).")?;
    writeln!(code, "pub const CHAINED_SINCE: u32 = {chained};\n")?;
    writeln!(
        code,
        "/// The form of the record that this version knows: the highest `since` of an event or of an envelope's field."
    )?;
    writeln!(code, "pub const RECORD_FORM: u32 = {form};\n")?;
    writeln!(code, "impl crate::record::v1::Event {{")?;
    writeln!(code, "    /// What happened, by its name in the contracts; empty if this version does not know it.")?;
    write_asked_of_every_owner(&mut code, "name", "&'static str", owners())?;
    writeln!(code, "    /// The stage that it is part of (R-38).")?;
    write_asked_of_every_owner(&mut code, "stage", "Stage", owners())?;
    writeln!(code, "    /// Form of the record in which it came; 0 if this version does not know it.")?;
    write_asked_of_every_owner(&mut code, "since", "u32", owners())?;
    writeln!(code, "}}")?;
    Ok(code)
}

fn write_owner(code: &mut String, owner: &FieldDescriptor, events: &MessageDescriptor) -> Result<(), Box<dyn Error>> {
    let name = owner.name();
    let follower = format!("{}Facts", pascal(name));
    let choice = format!("{}::{}::Event", module(events.package_name()), snake(events.name()));

    writeln!(
        code,
        "/// What somebody who follows {name} makes of its facts. A fact that is not mentioned is nothing."
    )?;
    writeln!(code, "pub trait {follower}: Facts {{")?;
    for event in events.fields() {
        let fact = message(&event)?;
        let fact = format!("{}::{}", module(fact.package_name()), fact.name());
        writeln!(code, "    fn {}(&mut self, _: &{fact}) -> Self::Found {{ Self::nothing() }}", event.name())?;
    }
    writeln!(code, "}}\n")?;

    writeln!(code, "impl {choice} {{")?;
    writeln!(code, "    pub fn told_to<F: {follower}>(&self, follower: &mut F) -> F::Found {{")?;
    write_match(code, events, |event, _| Ok(("fact", format!("follower.{}(fact)", event.name()))))?;
    writeln!(code, "    /// As the contracts call it.")?;
    writeln!(code, "    #[must_use]\n    pub const fn name(&self) -> &'static str {{")?;
    write_match(code, events, |_, fact| Ok(("_", format!("{:?}", fact.name()))))?;
    writeln!(code, "    /// The stage that it is part of (R-38).")?;
    writeln!(code, "    #[must_use]\n    pub const fn stage(&self) -> Stage {{")?;
    write_match(code, events, |event, _| Ok(("_", format!("Stage::{}", stage(event)?))))?;
    writeln!(code, "    /// Form of the record in which it came.")?;
    writeln!(code, "    #[must_use]\n    pub const fn since(&self) -> u32 {{")?;
    write_match(code, events, |event, _| Ok(("_", since(event)?.to_string())))?;
    writeln!(code, "}}\n")?;

    writeln!(code, "impl crate::record::v1::Event {{")?;
    writeln!(code, "    /// The fact, if it is one of {name}.")?;
    writeln!(code, "    #[must_use]\n    pub const fn {name}(&self) -> Option<&{choice}> {{")?;
    writeln!(code, "        match &self.of {{ Some(Of::{}(fact)) => fact.event.as_ref(), _ => None }}", pascal(name))?;
    writeln!(code, "    }}\n}}\n")?;

    writeln!(code, "impl crate::record::v1::Commit {{")?;
    writeln!(code, "    /// What {name} decided in this commit, in order.")?;
    writeln!(code, "    pub fn {name}_facts(&self) -> impl Iterator<Item = &{choice}> {{")?;
    writeln!(code, "        self.facts().filter_map(crate::record::v1::Event::{name})")?;
    writeln!(code, "    }}\n}}\n")?;
    Ok(())
}

/// The rest of a function of one `match`: each event's variant with what binds it, and what comes of it.
fn write_match(
    code: &mut String,
    events: &MessageDescriptor,
    arm: impl Fn(&FieldDescriptor, &MessageDescriptor) -> Result<(&'static str, String), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    writeln!(code, "        match self {{")?;
    for event in events.fields() {
        let (bound, becomes) = arm(&event, &message(&event)?)?;
        writeln!(code, "            Self::{}({bound}) => {becomes},", pascal(event.name()))?;
    }
    writeln!(code, "        }}\n    }}\n")?;
    Ok(())
}

fn write_asked_of_every_owner(
    code: &mut String,
    question: &str,
    answer: &str,
    owners: impl Iterator<Item = String>,
) -> Result<(), Box<dyn Error>> {
    writeln!(code, "    #[must_use]\n    pub fn {question}(&self) -> {answer} {{")?;
    writeln!(code, "        match &self.of {{")?;
    for owner in owners.map(|owner| pascal(&owner)) {
        let asked = format!("fact.event.as_ref().map(|fact| fact.{question}()).unwrap_or_default()");
        writeln!(code, "            Some(Of::{owner}(fact)) => {asked},")?;
    }
    writeln!(code, "            None => Default::default(),\n        }}\n    }}\n")?;
    Ok(())
}

fn message(field: &FieldDescriptor) -> Result<MessageDescriptor, Box<dyn Error>> {
    let kind = field.kind();
    let message = kind.as_message().cloned();
    message.ok_or_else(|| format!("{} is a {kind:?} where a message of its own belongs", field.full_name()).into())
}

/// As Rust names the variant, `ReportIn`.
fn stage(event: &FieldDescriptor) -> Result<String, Box<dyn Error>> {
    let option = event.parent_pool().get_extension_by_name(STAGE).ok_or("there is no option for the stage")?;
    let options = event.options();
    if !options.has_extension(&option) {
        return Err(format!("{} says of no stage that it is part of it: [({STAGE}) = …]", event.full_name()).into());
    }
    let (Value::EnumNumber(number), Kind::Enum(stages)) = (&*options.get_extension(&option), option.kind()) else {
        return Err(format!("{STAGE} is no enumeration").into());
    };
    let stage = stages.get_value(*number).ok_or("a stage that is not declared")?;
    Ok(pascal(&stage.name().trim_start_matches("STAGE_").to_lowercase()))
}

fn since(event: &FieldDescriptor) -> Result<u32, Box<dyn Error>> {
    let option = event.parent_pool().get_extension_by_name(SINCE).ok_or("there is no option for the form")?;
    let options = event.options();
    if !options.has_extension(&option) {
        return Ok(FIRST_FORM);
    }
    let form = options.get_extension(&option).as_u32();
    form.filter(|form| *form > FIRST_FORM).ok_or_else(|| format!("{} cannot be so old", event.full_name()).into())
}

/// Where Rust has what a package declares.
fn module(package: &str) -> String {
    format!("crate::{}", package.trim_start_matches("huying.").replace('.', "::"))
}

fn pascal(snake: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    snake.split('_').map(word).collect()
}

fn snake(pascal: &str) -> String {
    let mut snake = String::new();
    for (position, character) in pascal.char_indices() {
        if character.is_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}
