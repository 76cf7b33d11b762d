//! What projects know of the user: in his own memory it is observed as a claim, one of each project that says the same.

use crate::lesson::{Lesson, Seen, best};
use kairos_plugin::memory::{Kind, Observation};
use std::collections::BTreeMap;
use std::rc::Rc;

/// At most so many of these lessons in one dream.
const MOST: usize = 200;

/// Claims by what the host found them to be like.
#[derive(Default)]
pub struct Claims(BTreeMap<String, Vec<(Seen, Kind, Rc<str>)>>);

impl Claims {
    pub fn see(&mut self, o: &Observation, seen: Seen) {
        let kind = match o.attribute("type") {
            Some("user") => Kind::User,
            Some("feedback") => Kind::Feedback,
            _ => return,
        };
        let like = o.attribute("like").unwrap_or(&o.text).to_string();
        self.0.entry(like).or_default().push((seen, kind, o.text.as_str().into()));
    }

    /// In the words of the latest.
    pub fn lessons(self) -> Vec<Lesson> {
        let lesson = |mut said: Vec<(Seen, Kind, Rc<str>)>| {
            said.sort_by(|a, b| a.0.cmp(&b.0));
            let (_, kind, text) = said.last()?.clone();
            let seen: Vec<Seen> = said.into_iter().map(|(seen, ..)| seen).collect();
            Some(Lesson::new(kind, text.to_string(), seen, "it is so in your projects"))
        };
        best(self.0.into_values().filter_map(lesson).collect(), MOST)
    }
}
