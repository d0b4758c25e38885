//! The rows of an XML file: one element around many, each with its fields as elements, as an Open311 server answers.
//!
//! Nothing is taken from elsewhere: a document type, which could declare entities, is refused, and so is every entity but the
//! five that XML has of its own.

use anyhow::{Context, bail, ensure};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Elements within each other: the list, a row, its fields, and what a field may hold that nobody reads.
const DEPTH_MAX: usize = 16;

/// One row: the line it begins on, and its fields with what they say; nothing for one that holds elements itself.
pub(super) struct Element {
    pub line: u64,
    pub fields: Vec<(String, Option<String>)>,
}

/// # Errors
/// It is no XML of this form; where.
pub(super) fn rows(text: &str) -> anyhow::Result<Vec<Element>> {
    let mut reader = Reader::from_str(text);
    // An empty element begins and ends like any other.
    reader.config_mut().expand_empty_elements = true;
    let mut read = Read { rows: Vec::new(), depth: 0, elements: 0 };
    let (mut line, mut counted) = (1, 0);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        line += text.get(counted..at).unwrap_or_default().matches('\n').count() as u64;
        counted = at;
        let event = reader.read_event().with_context(|| format!("line {line}"))?;
        match event {
            Event::Start(start) => read.begin(start.local_name().as_ref(), line)?,
            Event::End(_) => read.depth -= 1,
            Event::Text(said) => read.say(&said.xml10_content()),
            Event::CData(said) => read.say(&said.xml10_content()),
            Event::GeneralRef(entity) => {
                let letter = letter(&entity).with_context(|| format!("line {line}"))?;
                read.say(letter.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => bail!("line {line}: a document type is not read; leave <!DOCTYPE …> out"),
            // As configured above, there is no `Empty`.
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    ensure!(read.depth == 0, "it ends within an element");
    ensure!(read.elements > 0, "there is no element in it");
    Ok(read.rows)
}

/// What was read so far: the list is one element deep, its rows two, their fields three.
struct Read {
    rows: Vec<Element>,
    depth: usize,
    elements: u64,
}

impl Read {
    fn begin(&mut self, name: &str, line: u64) -> anyhow::Result<()> {
        self.depth += 1;
        self.elements += 1;
        ensure!(self.depth <= DEPTH_MAX, "line {line}: more than {DEPTH_MAX} elements lie within each other");
        match (self.depth, self.rows.last_mut()) {
            (2, _) => self.rows.push(Element { line, fields: Vec::new() }),
            (3, Some(row)) => row.fields.push((name.to_owned(), Some(String::new()))),
            (4, Some(row)) => row.fields.iter_mut().last().map_or((), |(_, said)| *said = None),
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let field = self.rows.last_mut().and_then(|row| row.fields.last_mut()).filter(|_| self.depth == 3);
        if let Some((_, Some(said))) = field {
            said.push_str(text);
        }
    }
}

fn letter(entity: &BytesRef<'_>) -> anyhow::Result<char> {
    if let Some(letter) = entity.resolve_char_ref()? {
        return Ok(letter);
    }
    Ok(match &*entity.xml10_content() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => bail!("&{name}; is no entity of XML itself, and none is taken from elsewhere"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_the_file_is_read_and_not_without_end() {
        for (text, why) in [
            ("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a><r><t>&b;</t></r></a>", "document type"),
            ("<a><r><t>&b;</t></r></a>", "entity"),
            (&*("<a>".repeat(20) + &"</a>".repeat(20)), "within each other"),
            ("<a>\n<r><t>x</r></a>", "line 2"),
            ("<a><r>", "within an element"),
        ] {
            let said = format!("{:#}", rows(text).err().unwrap());
            assert!(said.contains(why), "{said}");
        }
    }
}
