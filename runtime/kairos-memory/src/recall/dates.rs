//! Dates said in passing: "yesterday", "last Tuesday", "two weeks ago", "in May", "25 May 2023".
//!
//! Each becomes a span of days, counted from the day it was said or asked on. What could mean several years means the latest
//! that does not lie after that day, because people ask and tell about what was. Vague words widen the span, not the guess.

use crate::recall::text::number_word;
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

/// A run of days, both ends included; `first <= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

impl Days {
    /// One day.
    pub fn day(day: Date) -> Self {
        Self { first: day, last: day }
    }

    /// How many days lie between two runs: 0 where they overlap, negative where `other` lies before.
    pub fn gap_to(self, other: Self) -> i32 {
        if other.first > self.last {
            days_between(self.last, other.first)
        } else if other.last < self.first {
            days_between(self.first, other.last)
        } else {
            0
        }
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// The dates `text` names, in order, seen from `today`. A date out of the calendar's range is left out.
pub fn dates_in(text: &str, today: Date) -> Vec<Days> {
    let tokens: Vec<Token> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .map(|raw| raw.trim_matches('-'))
        .filter(|raw| !raw.is_empty() && raw.len() <= 16)
        .map(|raw| Token { lower: raw.to_lowercase(), capital: raw.starts_with(char::is_uppercase) })
        .collect();
    let mut out = vec![];
    let mut at = 0;
    while at < tokens.len() {
        match parse(&tokens[at..], today) {
            Some((days, used)) => {
                out.push(days);
                at += used;
            }
            None => at += 1,
        }
    }
    out
}

struct Token {
    lower: String,
    capital: bool,
}

/// A date at the start of `t`, with the number of tokens it takes.
fn parse(t: &[Token], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| t.get(i).map_or("", |token| token.lower.as_str());
    absolute(t, today).or_else(|| match word(0) {
        "today" | "tonight" => Some((Days::day(today), 1)),
        "yesterday" => Some((Days::day(shift(today, -1)?), 1)),
        "tomorrow" => Some((Days::day(shift(today, 1)?), 1)),
        "last" | "past" | "this" | "next" | "previous" => {
            relative(word(0), word(1), today).map(|days| (days, 2)).or_else(|| {
                // "the last two weeks", "the past few months"
                let n = quantity(word(1))?;
                let back = unit(word(2), n)?;
                Some((Days { first: today.checked_sub(back).ok()?, last: today }, 3))
            })
        }
        _ => ago(t, today).or_else(|| {
            let weekday = weekday(word(0)).filter(|_| t[0].capital || word(0).len() > 4)?;
            Some((Days::day(before(today, weekday)?), 1))
        }),
    })
}

/// "25 May 2023", "May 25th", "May 2023", "May", "2023-05-25", "2023".
fn absolute(t: &[Token], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| t.get(i).map_or("", |token| token.lower.as_str());
    if let Ok(day) = word(0).parse::<Date>() {
        return Some((Days::day(day), 1));
    }
    if let Some(month) = month(&t[0]) {
        return match (day(word(1)), year(word(2)), year(word(1))) {
            (Some(day), Some(year), _) => Some((Days::day(Date::new(year, month, day).ok()?), 3)),
            (_, _, Some(year)) => Some((whole_month(year, month)?, 2)),
            (Some(day), None, None) => Some((Days::day(latest(today, |year| Date::new(year, month, day).ok())?), 2)),
            (None, _, None) => {
                let first = latest(today, |year| Date::new(year, month, 1).ok())?;
                Some((whole_month(first.year(), month)?, 1))
            }
        };
    }
    if let (Some(day), Some(month)) = (day(word(0)), t.get(1).and_then(month)) {
        return match year(word(2)) {
            Some(year) => Some((Days::day(Date::new(year, month, day).ok()?), 3)),
            None => Some((Days::day(latest(today, |year| Date::new(year, month, day).ok())?), 2)),
        };
    }
    let year = year(word(0))?;
    Some((Days { first: Date::new(year, 1, 1).ok()?, last: Date::new(year, 12, 31).ok()? }, 1))
}

/// "last week", "this month", "next Friday", "last night".
fn relative(which: &str, what: &str, today: Date) -> Option<Days> {
    let step: i64 = match which {
        "this" => 0,
        "next" => 1,
        _ => -1,
    };
    if let Some(weekday) = weekday(what) {
        let last = before(today, weekday)?;
        return Some(Days::day(if step < 0 { last } else { shift(last, 7)? }));
    }
    let monday = shift(today, -i64::from(today.weekday().to_monday_zero_offset()))?;
    match what {
        "night" | "evening" | "morning" | "afternoon" => Some(Days::day(shift(today, step)?)),
        "week" => {
            let first = shift(monday, 7 * step)?;
            Some(Days { first, last: shift(first, 6)? })
        }
        "weekend" => {
            let saturday = shift(monday, 5 + 7 * step)?;
            Some(Days { first: saturday, last: shift(saturday, 1)? })
        }
        "month" => {
            let day = today.first_of_month().checked_add(step.months()).ok()?;
            whole_month(day.year(), day.month())
        }
        "year" => {
            let year = today.year().checked_add(i16::try_from(step).ok()?)?;
            Some(Days { first: Date::new(year, 1, 1).ok()?, last: Date::new(year, 12, 31).ok()? })
        }
        _ => None,
    }
}

/// "two weeks ago", "a few days ago"; the longer ago, the wider the span: nobody counts the days of three months.
fn ago(t: &[Token], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| t.get(i).map_or("", |token| token.lower.as_str());
    let (n, used) = match (word(0), word(1)) {
        ("a", "few") => (3, 2),
        ("a", "couple") if word(2) == "of" => (2, 3),
        ("a", "couple") => (2, 2),
        (n, _) => (quantity(n)?, 1),
    };
    if word(used + 1) != "ago" {
        return None;
    }
    let middle = today.checked_sub(unit(word(used), n)?).ok()?;
    let slack = i64::from(days_between(middle, today)) / 8;
    Some((Days { first: shift(middle, -slack)?, last: shift(middle, slack)? }, used + 2))
}

fn quantity(word: &str) -> Option<i64> {
    match word {
        "a" | "an" => Some(1),
        "couple" => Some(2),
        "few" | "several" => Some(3),
        _ => number_word(word).map(i64::from).or_else(|| word.parse().ok().filter(|n| (0..1000).contains(n))),
    }
}

fn unit(word: &str, n: i64) -> Option<Span> {
    match word.trim_end_matches('s') {
        "day" => Span::new().try_days(n).ok(),
        "week" => Span::new().try_days(7 * n).ok(),
        "month" => Span::new().try_months(n).ok(),
        "year" => Span::new().try_years(n).ok(),
        _ => None,
    }
}

fn shift(day: Date, by: i64) -> Option<Date> {
    day.checked_add(Span::new().try_days(by).ok()?).ok()
}

fn before(today: Date, weekday: Weekday) -> Option<Date> {
    let back = i64::from(today.weekday().since(weekday));
    shift(today, -(if back == 0 { 7 } else { back }))
}

/// The latest date a year gives that is not after `today`; leap days look back four years.
fn latest(today: Date, date: impl Fn(i16) -> Option<Date>) -> Option<Date> {
    (0..8).filter_map(|back| date(today.year() - back)).find(|found| *found <= today)
}

fn whole_month(year: i16, month: i8) -> Option<Days> {
    let first = Date::new(year, month, 1).ok()?;
    Some(Days { first, last: first.last_of_month() })
}

fn month(token: &Token) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    // "may" and "march" are verbs too, and a short form must look like a name.
    let word = token.lower.as_str();
    let short = word.len() == 3 || word == "sept";
    if !token.capital && (short || word == "march") {
        return None;
    }
    let at = NAMES.iter().position(|name| *name == word || (short && name.starts_with(word)))?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    match word {
        "monday" | "mon" => Some(Weekday::Monday),
        "tuesday" | "tue" | "tues" => Some(Weekday::Tuesday),
        "wednesday" | "wed" => Some(Weekday::Wednesday),
        "thursday" | "thu" | "thurs" => Some(Weekday::Thursday),
        "friday" | "fri" => Some(Weekday::Friday),
        "saturday" => Some(Weekday::Saturday),
        "sunday" => Some(Weekday::Sunday),
        _ => None,
    }
}

fn day(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    matches!(&word[digits.len()..], "" | "st" | "nd" | "rd" | "th").then(|| digits.parse().ok())?.filter(|d| (1..=31).contains(d))
}

fn year(word: &str) -> Option<i16> {
    (word.len() == 4).then(|| word.parse().ok())?.filter(|y| (1900..2100).contains(y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn found(text: &str) -> Vec<(String, String)> {
        // A Wednesday.
        dates_in(text, date(2023, 5, 24)).iter().map(|d| (d.first.to_string(), d.last.to_string())).collect()
    }

    #[track_caller]
    fn one(text: &str, first: &str, last: &str) {
        assert_eq!(found(text), [(first.to_owned(), last.to_owned())], "{text}");
    }

    #[test]
    fn relative_dates_are_counted_from_the_day_they_were_said() {
        one("I went yesterday", "2023-05-23", "2023-05-23");
        one("last Tuesday", "2023-05-23", "2023-05-23");
        one("on Friday, with Tim", "2023-05-19", "2023-05-19");
        one("last Wednesday", "2023-05-17", "2023-05-17");
        one("next Friday", "2023-05-26", "2023-05-26");
        one("last week", "2023-05-15", "2023-05-21");
        one("this weekend", "2023-05-27", "2023-05-28");
        one("two weeks ago", "2023-05-09", "2023-05-11");
        one("a few days ago", "2023-05-21", "2023-05-21");
        one("in the last 3 weeks", "2023-05-03", "2023-05-24");
        one("last month", "2023-04-01", "2023-04-30");
    }

    #[test]
    fn absolute_dates_take_the_latest_year_that_fits() {
        one("the Sunday-before 25 May 2023", "2023-05-25", "2023-05-25");
        one("May 3, 2023", "2023-05-03", "2023-05-03");
        one("in June", "2022-06-01", "2022-06-30");
        one("in May 2021?", "2021-05-01", "2021-05-31");
        one("on 2023-02-28", "2023-02-28", "2023-02-28");
        one("February 29", "2020-02-29", "2020-02-29");
    }

    #[test]
    fn ordinary_words_and_nonsense_are_no_dates() {
        assert!(found("we may march on; the sun sat down. 99999 days ago").is_empty());
        assert!(found("February 31, a week, 9999 weeks ago").is_empty());
    }

    #[test]
    fn gaps_have_a_direction() {
        let day = |d| Days::day(date(2023, 5, d));
        assert_eq!(day(3).gap_to(day(5)), 2);
        assert_eq!(day(5).gap_to(day(3)), -2);
    }
}
