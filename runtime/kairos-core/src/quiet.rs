//! Quiet hours, by the clock on the wall: so a night stays a night when the clocks are changed.

use std::str::FromStr;

/// The days of the week as the settings name them, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A part of each day, such as `22:00-07:00`; its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: u16,
    to: u16,
}

impl Hours {
    /// Does that minute of the day (0 to 1439) lie in it?
    pub fn holds(self, minute: u16) -> bool {
        if self.from < self.to { (self.from..self.to).contains(&minute) } else { minute >= self.from || minute < self.to }
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hours = text.split_once('-').and_then(|(from, to)| Some(Self { from: minute(from)?, to: minute(to)? }));
        match hours {
            Some(hours) if hours.from != hours.to => Ok(hours),
            Some(_) => Err(format!("`{text}` has no end: a whole day is named in `quiet.days`")),
            None => Err(format!("`{text}` is no part of a day: write 22:00-07:00")),
        }
    }
}

/// `07:30` as minutes since midnight; none if it is no time of day.
pub fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str, below: u16| -> Option<u16> {
        let two = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|n: &u16| two && *n < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// The number of a day, Monday being 0.
pub fn day(text: &str) -> Result<usize, String> {
    let found = DAYS.iter().position(|d| *d == text);
    found.ok_or_else(|| format!("`{text}` is no day: write {}", DAYS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_go_past_midnight() {
        let at = |hours: &str, time: &str| hours.parse::<Hours>().unwrap().holds(minute(time).unwrap());
        for (time, night, noon) in [
            ("21:59", false, false),
            ("22:00", true, false),
            ("00:00", true, false),
            ("06:59", true, false),
            ("07:00", false, false),
            ("12:30", false, true),
        ] {
            assert_eq!((at("22:00-07:00", time), at("12:00 - 13:00", time)), (night, noon), "{time}");
        }
        for bad in ["", "22:00", "22-07", "24:00-07:00", "7:00-8:00", "08:00-08:00", "+1:00-02:00", "22:60-23:00"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
        assert_eq!((day("mon"), day("sun")), (Ok(0), Ok(6)));
        assert!(day("Monday").is_err());
    }
}
