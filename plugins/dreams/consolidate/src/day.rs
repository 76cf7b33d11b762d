//! What was observed since the last dream, kept small: 50,000 observations have to fit.

use crate::commands::{self, Command};
use crate::lesson::{Lesson, Seen};
use crate::{claims, conventions};
use crate::{together, verdicts};
use kairos_plugin::memory::{Observation, Origin};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Sorted into what each kind of lesson needs.
#[derive(Default)]
pub struct Day {
    names: Names,
    commands: Vec<Command>,
    /// A file was changed: when, and which.
    changed: Vec<(u64, Rc<str>)>,
    commits: Vec<(Seen, Vec<Rc<str>>)>,
    verdicts: Vec<verdicts::Verdict>,
    conventions: conventions::Said,
    claims: claims::Claims,
}

/// Texts that occur often, kept once.
#[derive(Default)]
pub struct Names(BTreeSet<Rc<str>>);

impl Names {
    pub fn get(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Rc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}

impl Day {
    pub fn see(&mut self, o: Observation) {
        let seen = Seen { time: o.time, id: o.id.as_str().into(), session: self.names.get(&o.session) };
        match (o.origin, o.kind.as_str()) {
            (Origin::Tool, "command") => self.commands.extend(commands::read(&o, seen, &mut self.names)),
            (Origin::Tool, "commit") => {
                let files = o.attribute("files").unwrap_or_default().lines().filter(|f| together::is_telling(f));
                let files: BTreeSet<Rc<str>> = files.map(|f| self.names.get(f)).collect();
                let by_hand = together::is_by_hand(o.attribute("author").unwrap_or_default());
                if by_hand && together::is_one_change(files.len()) {
                    self.commits.push((seen, files.into_iter().collect()));
                }
            }
            (Origin::Tool, "signal") => {
                if let Some(path) = o.attribute("path") {
                    self.changed.push((o.time, self.names.get(path)));
                }
            }
            (Origin::User | Origin::Tool, "claim") => self.claims.see(&o, seen),
            (Origin::User, "feedback") if o.attribute("verdict").is_some() => self.verdicts.extend(verdicts::read(&o, seen)),
            (Origin::User, "message") => self.conventions.hear(conventions::typed(&o.text), &seen),
            (Origin::User, "note" | "feedback") => self.conventions.hear(&o.text, &seen),
            _ => {}
        }
    }

    /// All lessons, each once, in an order of their own.
    pub fn lessons(mut self) -> Vec<Lesson> {
        self.commands.sort_by(|a, b| a.seen.cmp(&b.seen));
        self.changed.sort();
        self.commits.sort();
        let mut sessions: BTreeMap<Rc<str>, Vec<Command>> = BTreeMap::new();
        for command in self.commands {
            sessions.entry(command.seen.session.clone()).or_default().push(command);
        }
        let mut all = self.conventions.lessons();
        all.extend(commands::lessons(&sessions, &self.changed));
        all.extend(together::lessons(&self.commits));
        all.extend(verdicts::lessons(self.verdicts));
        all.extend(self.claims.lessons());
        all
    }
}
