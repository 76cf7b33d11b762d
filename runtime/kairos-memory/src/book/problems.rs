//! What is wrong in a memory's folder.

use super::names::{file_of, topic_of};
use super::{Book, INDEX, LEDGER};
use kairos_core::memory::MAX_CLAIM;

/// Something in the folder that is not as it should be. Nothing else suffers from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's path in the vault.
    pub file: String,
    /// What is wrong, and the remedy.
    pub text: String,
}

impl Book {
    /// What is wrong in the folder.
    pub fn problems(&self) -> Vec<Problem> {
        let frozen = self.frozen.iter().map(|(topic, why)| Problem { file: file_of(topic), text: why.to_string() });
        let damaged = self.damaged.iter().map(|d| Problem { file: LEDGER.into(), text: d.to_string() });
        let long = self.topics.iter().flat_map(|(name, t)| t.bullets().iter().map(move |b| (name, b.text.len())));
        let long = long.filter(|(_, length)| *length > MAX_CLAIM).map(|(name, length)| Problem {
            file: file_of(name),
            text: format!(
                "has a bullet of {length} bytes, too long for a claim (most: {MAX_CLAIM}); it stays text until it is split"
            ),
        });
        let index = self.index.problem().map(|text| Problem { file: INDEX.into(), text });
        let open = self.topics.iter().filter(|(_, topic)| topic.is_open()).map(|(name, _)| Problem {
            file: file_of(name),
            text: "line 1 begins a frontmatter that does not end; close it with a line `---`".into(),
        });
        frozen.chain(damaged).chain(long).chain(open).chain(index).chain(self.lost_pointers()).collect()
    }

    /// Lines that a person wrote into the index and that point at no file.
    fn lost_pointers(&self) -> impl Iterator<Item = Problem> {
        let lost = |line: &str| {
            let file = line.split_once("](")?.1.split_once(')')?.0;
            let is_ours = topic_of(file).is_some() && !file.contains('/');
            (is_ours && !self.files.contains_key(file)).then(|| file.to_owned())
        };
        let found = self.index.lines().enumerate().filter_map(|(at, line)| Some((at + 1, lost(line)?)));
        let problem = |(at, file)| Problem {
            file: INDEX.into(),
            text: format!("line {at} points at {file}, which is not there; take the line out, or write the file"),
        };
        found.map(problem).collect::<Vec<_>>().into_iter()
    }
}
