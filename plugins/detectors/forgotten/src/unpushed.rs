//! When commits that were not pushed are forgotten. Pure.

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Commits that rest for so long, whatever the day is.
pub const REST: u64 = 3 * DAY;
/// The hour of Friday, local time, at which the week is over.
const EVENING: u64 = 17;
/// Who commits on Friday later than an hour before that is still at work: so long after the last commit.
const PAUSE: u64 = HOUR;
/// 1970-01-01 was a Thursday.
const FRIDAY: u64 = 1;

/// From when on a last commit that nobody pushed is forgotten: Friday evening or three days later, whatever comes first.
/// Milliseconds since 1970; `offset`: minutes that local time is ahead of UTC.
pub fn deadline(commit: u64, offset: i32) -> u64 {
    (commit + REST).min(evening(commit, offset))
}

/// The first Friday evening that finds the commit an hour old.
fn evening(commit: u64, offset: i32) -> u64 {
    let local = commit.saturating_add_signed(i64::from(offset) * 60_000);
    let (day, hour) = (local / DAY, local % DAY / HOUR);
    let until_friday = (FRIDAY + 7 - day % 7) % 7;
    if until_friday == 0 && hour >= EVENING - PAUSE / HOUR {
        return commit + PAUSE;
    }
    let friday = (day + until_friday) * DAY + EVENING * HOUR;
    friday.saturating_add_signed(-i64::from(offset) * 60_000)
}

/// The week is over: a Friday from 17:00 on, or the weekend.
pub fn is_weekend(now: u64, offset: i32) -> bool {
    let local = now.saturating_add_signed(i64::from(offset) * 60_000);
    match (local / DAY + 7 - FRIDAY) % 7 {
        0 => local % DAY / HOUR >= EVENING,
        days => days <= 2,
    }
}

/// How an upstream belongs to its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// It is the branch's own: what it lacks was not pushed.
    Own,
    /// There is none, or it is where the branch came from: it may have been pushed under another name.
    Unsure,
    /// A branch of this repository: nothing is ever pushed there.
    Local,
}

/// Judges by the names: `origin/feature` is `feature`'s own.
pub fn upstream(branch: &str, upstream: Option<&str>) -> Upstream {
    match upstream.map(|name| name.split_once('/')) {
        Some(Some((_, name))) if name == branch => Upstream::Own,
        Some(None) => Upstream::Local,
        _ => Upstream::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-16, a Monday, 00:00 UTC.
    const MONDAY: u64 = 1_794_787_200_000;

    fn at(day: u64, hour: u64) -> u64 {
        MONDAY + day * DAY + hour * HOUR
    }

    #[test]
    fn deadlines() {
        let table = [
            (at(0, 10), at(3, 10)),
            (at(1, 16), at(4, 16)),
            (at(1, 18), at(4, 17)),
            (at(3, 10), at(4, 17)),
            (at(4, 15), at(4, 17)),
            (at(4, 16), at(4, 17)),
            (at(4, 18), at(4, 19)),
            (at(4, 23), at(5, 0)),
            (at(5, 10), at(8, 10)),
            (at(6, 23), at(9, 23)),
        ];
        for (commit, expected) in table {
            assert_eq!(deadline(commit, 0), expected, "{}", (commit - MONDAY) / HOUR);
        }
        // Friday 17:00 in New York and in Auckland.
        assert_eq!(deadline(at(3, 10), -300), at(4, 22));
        assert_eq!(deadline(at(3, 10), 780), at(4, 4));
    }

    #[test]
    fn weekends() {
        for (time, offset, expected) in [
            (at(4, 16), 0, false),
            (at(4, 17), 0, true),
            (at(6, 23), 0, true),
            (at(7, 0), 0, false),
            (at(0, 10), 0, false),
            (at(4, 16), 60, true),
            (at(4, 17), -60, false),
        ] {
            assert_eq!(is_weekend(time, offset), expected);
        }
    }

    #[test]
    fn upstreams() {
        assert_eq!(upstream("a/b", Some("origin/a/b")), Upstream::Own);
        assert_eq!(upstream("a", Some("origin/main")), Upstream::Unsure);
        assert_eq!(upstream("a", None), Upstream::Unsure);
        assert_eq!(upstream("a", Some("main")), Upstream::Local);
    }
}
