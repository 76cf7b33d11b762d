//! Versions and version specifiers of Python packages, and Poetry's `^` and `~`.

use std::cmp::Ordering;

/// `1.2.3rc1.post2.dev3`. A local part (`+cpu`) is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    epoch: u64,
    release: Vec<u64>,
    /// What sorts a development, preview, final and post release: see [`rank`].
    stage: Vec<(i8, u64)>,
}

impl Version {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']).to_ascii_lowercase();
        let text = text.split('+').next()?;
        let (epoch, text) = text.split_once('!').map_or(Some((0, text)), |(epoch, rest)| Some((epoch.parse().ok()?, rest)))?;
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (release, mut rest) = text.split_at(end);
        let release: Vec<u64> = release.trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let mut stage = Vec::new();
        while !rest.is_empty() {
            rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let after = after.trim_start_matches(['.', '-', '_']);
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let number = if end == 0 { 0 } else { after[..end].parse().ok()? };
            stage.push((rank(word)?, number));
            rest = &after[end..];
        }
        Some(Self { epoch, release, stage })
    }

    fn at(&self, place: usize) -> u64 {
        self.release.get(place).copied().unwrap_or_default()
    }

    /// The next version after all that share the first `places` parts.
    fn next(&self, places: usize) -> Self {
        let mut release: Vec<u64> = (0..places).map(|place| self.at(place)).collect();
        if let Some(last) = release.last_mut() {
            *last = last.saturating_add(1);
        }
        Self { epoch: self.epoch, release, stage: Vec::new() }
    }

    /// True when it begins with all parts of `other`.
    fn begins_with(&self, other: &Self) -> bool {
        self.epoch == other.epoch && (0..other.release.len()).all(|place| self.at(place) == other.at(place))
    }

    fn is_preview(&self) -> bool {
        self.stage.first().is_some_and(|(rank, _)| *rank < 0)
    }
}

/// A final release stands at 0.
fn rank(word: &str) -> Option<i8> {
    Some(match word {
        "dev" => -4,
        "a" | "alpha" => -3,
        "b" | "beta" => -2,
        "rc" | "c" | "pre" | "preview" => -1,
        "post" | "rev" | "r" | "" => 1,
        _ => return None,
    })
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = self.release.len().max(other.release.len());
        let release = (0..places).map(|place| self.at(place)).cmp((0..places).map(|place| other.at(place)));
        let stages = self.stage.len().max(other.stage.len());
        let stage = |v: &Self, place: usize| v.stage.get(place).copied().unwrap_or_default();
        let stage = (0..stages).map(|place| stage(self, place)).cmp((0..stages).map(|place| stage(other, place)));
        self.epoch.cmp(&other.epoch).then(release).then(stage)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Alternatives (Poetry's `||`), in each of which all bounds have to hold.
#[derive(Debug)]
pub struct Specifiers(Vec<Vec<Bound>>);

#[derive(Debug)]
enum Bound {
    From(Version),
    After(Version),
    Below(Version),
    UpTo(Version),
    Is(Version),
    BeginsWith(Version),
    Not(Version),
    NotBeginsWith(Version),
}

impl Specifiers {
    /// None for what can't be read.
    pub fn parse(text: &str) -> Option<Self> {
        text.split("||").map(set).collect::<Option<Vec<_>>>().map(Self)
    }

    pub fn allow(&self, version: &Version) -> bool {
        self.0.iter().any(|set| set.iter().all(|bound| bound.holds(version)))
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Bound::From(other) => version >= other,
            Bound::After(other) => version > other,
            // A preview of the version that is excluded is excluded with it.
            Bound::Below(other) => {
                version < other && !(version.is_preview() && !other.is_preview() && version.begins_with(other))
            }
            Bound::UpTo(other) => version <= other,
            Bound::Is(other) => version == other || version.cmp(other).is_eq(),
            Bound::BeginsWith(other) => version.begins_with(other),
            Bound::Not(other) => version.cmp(other).is_ne(),
            Bound::NotBeginsWith(other) => !version.begins_with(other),
        }
    }
}

fn set(text: &str) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "*") {
        let end = part.find(|c: char| !"<>=!~^".contains(c))?;
        let (sign, rest) = part.split_at(end);
        let rest = rest.trim();
        // Poetry may leave the comma out; that isn't read.
        if rest.contains([' ', '<', '>']) {
            return None;
        }
        let (text, any) = match rest.strip_suffix(".*") {
            Some(text) => (text, true),
            None => (rest, false),
        };
        let version = Version::parse(text)?;
        let places = version.release.len();
        match (sign, any) {
            ("==" | "", true) => bounds.push(Bound::BeginsWith(version)),
            ("!=", true) => bounds.push(Bound::NotBeginsWith(version)),
            ("==" | "===" | "" | "=", false) => bounds.push(Bound::Is(version)),
            ("!=", false) => bounds.push(Bound::Not(version)),
            (">=", false) => bounds.push(Bound::From(version)),
            (">", false) => bounds.push(Bound::After(version)),
            ("<", false) => bounds.push(Bound::Below(version)),
            ("<=", false) => bounds.push(Bound::UpTo(version)),
            ("~=", false) if places > 1 => bounds.extend([Bound::Below(version.next(places - 1)), Bound::From(version)]),
            ("~", false) => bounds.extend([Bound::Below(version.next(places.min(2))), Bound::From(version)]),
            ("^", false) => {
                let first = version.release.iter().position(|part| *part != 0).unwrap_or(places - 1);
                bounds.extend([Bound::Below(version.next(first + 1)), Bound::From(version)]);
            }
            _ => return None,
        }
    }
    Some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        let order = ["1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.10", "2!0.1"];
        let parsed: Vec<Version> = order.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(parsed.windows(2).all(|pair| pair[0] < pair[1]), "{parsed:?}");
        assert!(Version::parse("1.0").unwrap().cmp(&Version::parse("1.0.0+cpu").unwrap()).is_eq());
        assert!(Version::parse("{ workspace }").is_none());
    }

    #[test]
    fn specifiers_as_pip_and_poetry_read_them() {
        let allow = |text: &str, version: &str| Specifiers::parse(text).unwrap().allow(&Version::parse(version).unwrap());
        let yes = [
            (">=2,<3", "2.9"),
            ("==3.*", "3.4"),
            ("~=2.2", "2.9"),
            ("^1.2", "1.9"),
            ("^0.2.3", "0.2.9"),
            ("", "1"),
            ("*", "1"),
            ("~1.2.3", "1.2.9"),
            ("<2 || >=3", "3.1"),
            ("==1.0", "1.0.0"),
            ("1.2.3", "1.2.3"),
        ];
        let no = [
            (">=2,<3", "3.0"),
            ("<3", "3.0rc1"),
            ("~=2.2.1", "2.3"),
            ("^1.2", "2.0"),
            ("^0.2.3", "0.3"),
            ("!=1.5", "1.5"),
            ("==3.*", "4.0"),
            ("~1.2", "1.3"),
        ];
        yes.iter().for_each(|(text, version)| assert!(allow(text, version), "{text} {version}"));
        no.iter().for_each(|(text, version)| assert!(!allow(text, version), "{text} {version}"));
        assert!(Specifiers::parse("latest").is_none() && Specifiers::parse(">=1 <2").is_none());
    }
}
