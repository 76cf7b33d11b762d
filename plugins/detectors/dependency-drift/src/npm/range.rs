//! Version ranges as npm reads them: `^1.2`, `~1.2.3`, `1.x`, `>=1 <2 || 3`, `1.0 - 2.0`.

use semver::Version;

/// Sets of comparators, one of which has to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Range(Vec<Vec<Comparator>>);

#[derive(Debug, Clone, PartialEq)]
struct Comparator {
    sign: Sign,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// `1`, `1.2`, `1.2.3-a`; what is missing or `x` is none.
struct Partial {
    parts: [Option<u64>; 3],
    pre: semver::Prerelease,
}

impl Range {
    /// None for what is no range: a tag, an address, a folder.
    pub fn parse(text: &str) -> Option<Self> {
        let sets = text.split("||").map(set).collect::<Option<Vec<_>>>()?;
        Some(Self(sets))
    }

    /// A version before a release is allowed only where the range names one of the same release.
    pub fn allows(&self, version: &Version) -> bool {
        self.0.iter().any(|set| {
            let release = |v: &Version| (v.major, v.minor, v.patch);
            let named = |c: &Comparator| !c.version.pre.is_empty() && release(&c.version) == release(version);
            set.iter().all(|comparator| comparator.holds(version)) && (version.pre.is_empty() || set.iter().any(named))
        })
    }
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        // Build metadata doesn't count.
        let order = version.cmp_precedence(&self.version);
        match self.sign {
            Sign::Less => order.is_lt(),
            Sign::LessOrEqual => order.is_le(),
            Sign::Equal => order.is_eq(),
            Sign::GreaterOrEqual => order.is_ge(),
            Sign::Greater => order.is_gt(),
        }
    }
}

fn set(text: &str) -> Option<Vec<Comparator>> {
    if let Some((from, to)) = text.split_once(" - ") {
        let (from, to) = (partial(from.trim())?, partial(to.trim())?);
        let mut set = vec![at(Sign::GreaterOrEqual, from.floor())];
        set.extend(to.up_to());
        return Some(set);
    }
    let mut set = Vec::new();
    let mut sign = String::new();
    for word in text.split_whitespace() {
        // `>= 1.2` is written with a space, too.
        let begin = word.find(|c: char| !"<>=~^".contains(c)).unwrap_or(word.len());
        sign += &word[..begin];
        if begin == word.len() {
            continue;
        }
        set.extend(comparators(&sign, &partial(&word[begin..])?)?);
        sign.clear();
    }
    sign.is_empty().then_some(set)
}

fn comparators(sign: &str, v: &Partial) -> Option<Vec<Comparator>> {
    let [major, minor, patch] = v.parts;
    let Some(major) = major else { return Some(Vec::new()) };
    let below = |a, b, c| at(Sign::Less, first_of(a, b, c));
    let from = at(Sign::GreaterOrEqual, v.floor());
    Some(match sign {
        "^" => match (major, minor, patch) {
            (0, Some(0), Some(patch)) => vec![from, below(0, 0, patch + 1)],
            (0, Some(minor), _) => vec![from, below(0, minor + 1, 0)],
            _ => vec![from, below(major + 1, 0, 0)],
        },
        "~" | "~>" => match minor {
            Some(minor) => vec![from, below(major, minor + 1, 0)],
            None => vec![from, below(major + 1, 0, 0)],
        },
        "" | "=" => match (minor, patch) {
            (Some(_), Some(_)) => vec![at(Sign::Equal, v.floor())],
            _ => std::iter::once(from).chain(v.up_to()).collect(),
        },
        ">=" => vec![from],
        "<" => vec![at(Sign::Less, v.floor())],
        "<=" => v.up_to().into_iter().collect(),
        ">" => match (minor, patch) {
            (Some(_), Some(_)) => vec![at(Sign::Greater, v.floor())],
            (Some(minor), None) => vec![at(Sign::GreaterOrEqual, Version::new(major, minor + 1, 0))],
            (None, _) => vec![at(Sign::GreaterOrEqual, Version::new(major + 1, 0, 0))],
        },
        _ => return None,
    })
}

impl Partial {
    fn floor(&self) -> Version {
        let [major, minor, patch] = self.parts.map(Option::unwrap_or_default);
        Version { pre: self.pre.clone(), ..Version::new(major, minor, patch) }
    }

    /// All that begins with what is given; nothing for `*`.
    fn up_to(&self) -> Option<Comparator> {
        match self.parts {
            [None, ..] => None,
            [Some(major), None, _] => Some(at(Sign::Less, first_of(major + 1, 0, 0))),
            [Some(major), Some(minor), None] => Some(at(Sign::Less, first_of(major, minor + 1, 0))),
            _ => Some(at(Sign::LessOrEqual, self.floor())),
        }
    }
}

fn at(sign: Sign, version: Version) -> Comparator {
    Comparator { sign, version }
}

fn first_of(major: u64, minor: u64, patch: u64) -> Version {
    Version::new(major, minor, patch)
}

fn partial(text: &str) -> Option<Partial> {
    let text = text.trim_start_matches(['v', '=']);
    let text = text.split_once('+').map_or(text, |(text, _)| text);
    let (release, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = [None; 3];
    let mut open = false;
    for (at, part) in release.split('.').enumerate() {
        let place = parts.get_mut(at)?;
        match part {
            "x" | "X" | "*" => open = true,
            _ if open => {}
            // So large a number is none that a registry has, and one more must be a number too.
            part => *place = Some(part.parse::<u32>().ok()?.into()),
        }
    }
    Some(Partial { parts, pre: semver::Prerelease::new(pre).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_npm_reads_them() {
        let allows = |range: &str, version: &str| {
            Range::parse(range).map(|range| range.allows(&Version::parse(version).unwrap())).unwrap()
        };
        let yes = [
            ("^1.2.3", "1.9.0"),
            ("^0.2.3", "0.2.9"),
            ("^0.0.3", "0.0.3"),
            ("^0", "0.9.0"),
            ("~1.2", "1.2.9"),
            ("1.x", "1.7.0"),
            ("", "3.0.0"),
            ("*", "3.0.0"),
            (">= 1.2 < 2", "1.2.0"),
            ("^16 || ^17", "17.0.1"),
            ("1.2 - 2.3", "2.3.9"),
            ("1.0.0-rc.1", "1.0.0-rc.1"),
            ("^1.0.0-rc.1", "1.0.0-rc.2"),
            ("v1.0.0", "1.0.0+build"),
            (">1.2", "1.3.0"),
            ("<=1.2", "1.2.7"),
        ];
        let no = [
            ("^1.2.3", "2.0.0"),
            ("^0.2.3", "0.3.0"),
            ("^0.0.3", "0.0.4"),
            ("~1.2.3", "1.3.0"),
            ("1.x", "2.0.0"),
            ("1.2.3", "1.2.4"),
            ("^1.0.0", "1.1.0-beta"),
            (">1.2", "1.2.7"),
            ("1.2 - 2.3", "2.4.0"),
        ];
        yes.iter().for_each(|(range, version)| assert!(allows(range, version), "{range} {version}"));
        no.iter().for_each(|(range, version)| assert!(!allows(range, version), "{range} {version}"));
        for other in ["latest", "file:../a", "git+ssh://x", "user/repo", "workspace:*", "^", "catalog:"] {
            assert_eq!(Range::parse(other), None, "{other}");
        }
    }
}
