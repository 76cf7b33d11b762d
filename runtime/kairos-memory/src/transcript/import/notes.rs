//! Notes in Markdown or plain text: each section, or as many paragraphs of it as fit, is an observation.

use super::{Import, Source, Summary, Watcher, sources};
use crate::transcript::lines::parse;
use crate::transcript::{New, Reason, Result, Transcripts, is_forgotten};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kairos_core::Millis;
use kairos_core::memory::{MAX_OBSERVATION, Origin};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Who noticed it, in what is stored.
const SOURCE: &str = "notes";
/// Paragraphs are put together up to this, in bytes.
const MAX_SECTION: usize = 2000;

/// Imports a file, or all `.md`, `.markdown` and `.txt` in a folder, as what `origin` says: [`Origin::User`] for the user's own
/// notes, [`Origin::File`] for all others. When it was written is taken from a heading or a file's name that begins with a date,
/// otherwise from the file. Running it again stores only what is new or changed.
pub fn notes(place: &Path, origin: Origin, transcripts: &Transcripts, watch: Watcher<'_>) -> Result<Summary> {
    read(&sources(place, &[".md", ".markdown", ".txt"])?, origin, false, transcripts, watch)
}

/// Imports these files of another agent's memory: what a model wrote, with the file's name as `path`.
pub fn others_notes(files: &[PathBuf], transcripts: &Transcripts) -> Result<Summary> {
    let mut all = vec![];
    for file in files {
        all.extend(sources(file, &[])?);
    }
    read(&all, Origin::Model, true, transcripts, &mut |_| {})
}

fn read(files: &[Source], origin: Origin, named: bool, transcripts: &Transcripts, watch: Watcher<'_>) -> Result<Summary> {
    let known = Known::read(transcripts)?;
    let mut import = Import::new(transcripts, files, watch)?;
    for source in files {
        let mut note = Note { named, ..Note::new(source, origin, &known) };
        import.lines(source, |import, at, line| match std::str::from_utf8(line) {
            Ok(line) => note.line(import, line.trim_end()),
            Err(_) => import.summary.damage.add(&source.path, at, Reason::NotUtf8),
        })?;
        note.end_section(&mut import)?;
    }
    import.finish()
}

/// What is there already. A file's time changes with every edit, and with it the ids of all its paragraphs: ids alone would
/// store the whole file again, and bring back what was forgotten.
#[derive(Default)]
struct Known {
    /// Session and hash, of notes.
    notes: HashSet<(String, String)>,
    /// Hashes, of anything.
    forgotten: HashSet<String>,
}

impl Known {
    fn read(transcripts: &Transcripts) -> Result<Self> {
        let mut known = Self::default();
        for day in transcripts.days()? {
            transcripts.each(day, |_, line| {
                match line.map(parse) {
                    Ok(Ok(observation)) if is_forgotten(&observation) => _ = known.forgotten.insert(observation.hash),
                    Ok(Ok(observation)) if observation.source == SOURCE => {
                        known.notes.insert((observation.session, observation.hash));
                    }
                    _ => {}
                }
                true
            })?;
        }
        Ok(known)
    }
}

/// A file as far as it was read.
struct Note<'a> {
    source: &'a Source,
    origin: Origin,
    known: &'a Known,
    markdown: bool,
    /// Each note names its file.
    named: bool,
    /// None before the first line, then whether we are still within it.
    frontmatter: Option<bool>,
    fence: bool,
    /// The time of what follows, and the level of the heading that said so.
    time: Millis,
    dated: usize,
    heading: String,
    section: String,
    paragraph: String,
}

impl<'a> Note<'a> {
    fn new(source: &'a Source, origin: Origin, known: &'a Known) -> Self {
        let (heading, section, paragraph) = Default::default();
        let markdown = !source.name.ends_with(".txt");
        let mut note = Self {
            source,
            origin,
            known,
            markdown,
            named: false,
            frontmatter: None,
            fence: false,
            time: 0,
            dated: 0,
            heading,
            section,
            paragraph,
        };
        note.time = note.file_time();
        note
    }

    fn file_time(&self) -> Millis {
        date_in(self.source.name.rsplit('/').next().unwrap_or_default()).unwrap_or(self.source.changed)
    }

    fn line(&mut self, import: &mut Import<'_>, line: &str) -> Result<()> {
        let within = self.frontmatter.unwrap_or(self.markdown && line == "---");
        let first = self.frontmatter.is_none();
        self.frontmatter = Some(within);
        if within && !first && (line == "---" || line == "...") {
            import.skip("frontmatter");
            self.frontmatter = Some(false);
            self.paragraph.clear();
            return Ok(());
        }
        if self.markdown && (line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~")) {
            self.fence = !self.fence;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if self.markdown && !self.fence && !within && (1..=6).contains(&level) && line[level..].starts_with(' ') {
            self.end_section(import)?;
            self.begin_section(level, line[level..].trim());
            return Ok(());
        }
        if line.is_empty() && !self.fence && !within || self.paragraph.len() > MAX_OBSERVATION {
            self.end_paragraph(import)?;
        }
        if !line.is_empty() || self.fence {
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        }
        Ok(())
    }

    fn begin_section(&mut self, level: usize, heading: &str) {
        self.heading = heading.into();
        if let Some(time) = date_in(heading) {
            (self.time, self.dated) = (time, level);
        } else if level <= self.dated {
            (self.time, self.dated) = (self.file_time(), 0);
        }
    }

    fn end_paragraph(&mut self, import: &mut Import<'_>) -> Result<()> {
        let paragraph = std::mem::take(&mut self.paragraph);
        let paragraph = paragraph.trim_matches('\n');
        if paragraph.trim().is_empty() {
            return Ok(());
        }
        if !self.section.is_empty() && (!self.markdown || self.section.len() + paragraph.len() > MAX_SECTION) {
            self.store(import)?;
        }
        if !self.section.is_empty() {
            self.section.push_str("\n\n");
        }
        self.section.push_str(paragraph);
        Ok(())
    }

    fn end_section(&mut self, import: &mut Import<'_>) -> Result<()> {
        self.end_paragraph(import)?;
        if self.section.is_empty() { Ok(()) } else { self.store(import) }
    }

    fn store(&mut self, import: &mut Import<'_>) -> Result<()> {
        import.summary.read += 1;
        let text = std::mem::take(&mut self.section);
        let (time, origin, session) = (self.time, self.origin, self.source.name.clone());
        let mut new = New { time, source: SOURCE.into(), session, origin, kind: "note".into(), attributes: vec![], text };
        if !self.heading.is_empty() {
            new = new.with("heading", &self.heading);
        }
        if self.named {
            new = new.with("path", &self.source.name);
        }
        let observation = new.clone().observe(&import.transcripts.redactor);
        if self.known.forgotten.contains(&observation.hash) {
            import.skip("forgotten before");
        } else if self.known.notes.contains(&(observation.session, observation.hash)) {
            import.summary.known += 1;
        } else {
            import.add(new)?;
        }
        Ok(())
    }
}

/// The start of the day with which a text begins.
fn date_in(text: &str) -> Option<Millis> {
    let date: Date = text.get(..10)?.parse().ok()?;
    u64::try_from(date.to_zoned(TimeZone::system()).ok()?.timestamp().as_millisecond()).ok()
}
