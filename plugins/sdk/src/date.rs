//! Days in the proleptic Gregorian calendar, UTC. Years are counted from March, so that the leap day comes last.

const DAY: u64 = 24 * 3600 * 1000;

/// `2026-11-21` of milliseconds since 1970.
pub fn date(millis: u64) -> String {
    let days = millis / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(month <= 2))
}

/// The milliseconds at which the day `2026-11-21` begins; none for what is no day from 1970 to 9999.
pub fn parse_date(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day): (u64, u64, u64) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year) = (year / 400, year % 400);
    let days = era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    let millis = days.checked_sub(719_468)? * DAY;
    // A day that its month doesn't have comes back as another.
    (date(millis) == text).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_know_leap_years() {
        for (millis, text) in [(0, "1970-01-01"), (951_782_400_000, "2000-02-29"), (1_709_164_800_000, "2024-02-29")] {
            assert_eq!(date(millis), text);
            assert_eq!(parse_date(text), Some(millis));
        }
        assert_eq!(date(1_767_225_599_999), "2025-12-31");
        for text in ["2023-02-29", "2024-13-01", "1969-12-31", "2024-1-1", "today", "2024-01", "2024-01-01-01"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
