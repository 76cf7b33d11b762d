//! Tells when manifest and lock disagree, when a package comes in a second major version, and when a locked package has a
//! known advisory. `README.md` says what is not reported.

mod advisory;
mod cargo;
mod findings;
mod go;
mod locks;
mod look;
mod majors;
mod manifest;
mod memory;
mod model;
mod npm;
mod python;
#[cfg(test)]
mod tests;
mod view;

use kairos_plugin::prelude::*;
use look::Look;
use memory::Memory;

struct DependencyDrift;

impl Detector for DependencyDrift {
    fn describe() -> Description {
        describe!("Tells when manifest and lock disagree, of second major versions and of packages with a known advisory")
            .reads_project("to compare manifests with locks and with the last commit, and to read .kairos/advisories")
    }

    fn interests() -> Vec<Interest> {
        let advisories = format!("{}/*.json", advisory::FOLDER);
        let paths: Vec<&str> = locks::PATHS.into_iter().chain([advisories.as_str()]).collect();
        vec![
            Interest::new("project.opened", "to look for locks once"),
            Interest::new("file.created", "to look at a new manifest, lock or advisory").paths(&paths),
            Interest::new("file.modified", "to look at a changed manifest, lock or advisory").paths(&paths),
            Interest::new("file.removed", "to forget a lock or an advisory that is gone").paths(&paths),
            Interest::new("file.rescan", "to look at all locks after many changes at once"),
            Interest::new("git.head", "what was new is now committed, or another branch is checked out"),
            Interest::new("git.operation", "to look again when a merge or rebase has ended"),
            Interest::new("kairos.wake", "to look again once an edit has settled"),
        ]
    }

    fn detect(host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        let mut memory = Memory::load(host)?;
        let before = memory.clone();
        for signal in signals {
            match signal.kind.as_str() {
                "project.opened" | "file.rescan" => {
                    locks::all(host).iter().for_each(|path| memory.look_at(path));
                    memory.look_at_all();
                }
                "git.head" | "git.operation" => memory.look_at_all(),
                // Those that wait for their edit to settle.
                "kairos.wake" => memory.0.iter_mut().for_each(|entry| entry.due |= entry.print != 0),
                _ => match signal.path() {
                    Some(path) if path.starts_with(advisory::FOLDER) => memory.look_at_all(),
                    Some(path) => locks::of(host, path).iter().for_each(|path| memory.look_at(path)),
                    None => {}
                },
            }
        }
        let report = Look::new(host)?.at(&mut memory);
        memory.save(host, &before)?;
        Ok(report)
    }
}

kairos_plugin::detector!(DependencyDrift);
