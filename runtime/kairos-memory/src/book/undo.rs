//! Taking a change back: byte for byte where nothing has touched its files since, else claim by claim; and a claim that was touched
//! since is left as it is, and named.

use super::{Book, Files, INDEX, Record, Topic, file_of, topic_of};
use kairos_core::memory::Claim;
use std::collections::BTreeSet;

/// A claim that was changed again after the change that is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// As the change had made it; none if it had taken it away.
    pub after: Option<Claim>,
    /// As it was before the change.
    pub before: Option<Claim>,
    /// As it is.
    pub now: Option<Claim>,
    /// Its id.
    pub id: String,
}

impl Book {
    /// Takes a change back. `before` and `after` are the files that it changed, as they were.
    pub fn undo(&mut self, before: &Files, after: &Files) -> Vec<Clash> {
        let (old, new) = (Self::read(before.clone(), |_| None), Self::read(after.clone(), |_| None));
        let ids: BTreeSet<&String> = old.records.keys().chain(new.records.keys()).collect();
        let ids: Vec<&String> = ids.into_iter().filter(|id| !alike(old.records.get(*id), new.records.get(*id))).collect();
        let clashes: Vec<&String> =
            ids.iter().copied().filter(|id| !alike(self.records.get(*id), new.records.get(*id))).collect();
        let clash = |id: &String| Clash {
            after: new.claim(id).cloned(),
            before: old.claim(id).cloned(),
            now: self.claim(id).cloned(),
            id: id.clone(),
        };
        let answer = clashes.iter().map(|id| clash(id)).collect();
        let exact = self.untouched(before, after, |topic| {
            clashes.iter().any(|id| [&old, &new].iter().any(|b| b.claim(id).is_some_and(|c| c.topic == topic)))
        });
        for id in ids.into_iter().filter(|id| !clashes.contains(id)) {
            // Where the change left its bullet alone (only the ledger knew of it), so does the undoing.
            if old.place(id).is_none() && new.place(id).is_none() {
                self.put_back_record(id, &old);
            } else {
                self.put_back(id, &old, &exact);
            }
        }
        for topic in exact {
            match before.get(&file_of(&topic)).and_then(|bytes| Topic::read(bytes).ok()) {
                Some(was) => drop(self.topics.insert(topic.clone(), was)),
                None => drop(self.topics.remove(&topic)),
            }
            self.exact.insert(topic);
        }
        self.recognize();
        answer
    }

    /// The topics whose files are still as the change left them.
    fn untouched(&self, before: &Files, after: &Files, clashes: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).filter(|p| *p != INDEX).collect();
        let topics = paths.into_iter().filter(|path| self.files.get(*path) == after.get(*path)).filter_map(|path| topic_of(path));
        topics.filter(|topic| !clashes(topic)).map(str::to_owned).collect()
    }

    fn put_back(&mut self, id: &str, old: &Self, exact: &BTreeSet<String>) {
        if let Some((topic, at)) = self.place(id).filter(|(topic, _)| !exact.contains(topic)) {
            self.topics.entry(topic).and_modify(|t| t.remove(at));
        }
        let there = old.records.contains_key(id);
        if let Some((name, at)) = old.place(id).filter(|(topic, _)| there && !exact.contains(topic)) {
            let was = &old.topics[&name];
            let above = at.checked_sub(1).and_then(|at| was.bullets()[at].id.clone());
            let source = was.source(&was.bullets()[at]);
            let topic = self.topics.entry(name.clone()).or_insert_with(|| was.without_bullets());
            topic.restore(&source, above.as_deref());
        }
        self.put_back_record(id, old);
    }

    fn put_back_record(&mut self, id: &str, old: &Self) {
        let Some(mut record) = old.records.get(id).cloned() else { return drop(self.records.remove(id)) };
        if record.claim.text.is_empty() {
            record.claim.text = self.claim(id).map(|c| c.text.clone()).unwrap_or_default();
        }
        self.records.insert(id.to_owned(), record);
    }
}

/// The same claim with the same words. The words themselves may stand in a file that is not at hand; their hash is.
fn alike(one: Option<&Record>, other: Option<&Record>) -> bool {
    let bare = |record: &Record| (Claim { text: String::new(), ..record.claim.clone() }, record.hash.clone());
    one.map(bare) == other.map(bare)
}
