//! Numbers with their units, brought to one measure: "2 minutes" and "120s" are the same.

use crate::recall::number_word;

/// What a number counts or measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// In the dimension's smallest unit below.
    pub(super) value: f64,
    /// None for a bare number.
    pub(super) dimension: Option<Dimension>,
}

/// What units measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Time,
    Bytes,
    Percent,
    Length,
    Mass,
}

/// Unit, dimension, size. Those of one letter count only where they touch the number ("5m").
const UNITS: &[(&str, Dimension, f64)] = &[
    ("%", Dimension::Percent, 1.0),
    ("b", Dimension::Bytes, 1.0),
    ("byte", Dimension::Bytes, 1.0),
    ("bytes", Dimension::Bytes, 1.0),
    ("cm", Dimension::Length, 0.01),
    ("d", Dimension::Time, 86_400.0),
    ("day", Dimension::Time, 86_400.0),
    ("days", Dimension::Time, 86_400.0),
    ("feet", Dimension::Length, 0.3048),
    ("g", Dimension::Mass, 1.0),
    ("gb", Dimension::Bytes, 1e9),
    ("gib", Dimension::Bytes, 1_073_741_824.0),
    ("h", Dimension::Time, 3600.0),
    ("hour", Dimension::Time, 3600.0),
    ("hours", Dimension::Time, 3600.0),
    ("hr", Dimension::Time, 3600.0),
    ("hrs", Dimension::Time, 3600.0),
    ("kb", Dimension::Bytes, 1e3),
    ("kg", Dimension::Mass, 1000.0),
    ("kib", Dimension::Bytes, 1024.0),
    ("km", Dimension::Length, 1000.0),
    ("m", Dimension::Time, 60.0),
    ("mb", Dimension::Bytes, 1e6),
    ("meters", Dimension::Length, 1.0),
    ("mib", Dimension::Bytes, 1_048_576.0),
    ("miles", Dimension::Length, 1609.344),
    ("millisecond", Dimension::Time, 1e-3),
    ("milliseconds", Dimension::Time, 1e-3),
    ("min", Dimension::Time, 60.0),
    ("mins", Dimension::Time, 60.0),
    ("minute", Dimension::Time, 60.0),
    ("minutes", Dimension::Time, 60.0),
    ("month", Dimension::Time, 2_592_000.0),
    ("months", Dimension::Time, 2_592_000.0),
    ("ms", Dimension::Time, 1e-3),
    ("ns", Dimension::Time, 1e-9),
    ("percent", Dimension::Percent, 1.0),
    ("s", Dimension::Time, 1.0),
    ("sec", Dimension::Time, 1.0),
    ("second", Dimension::Time, 1.0),
    ("seconds", Dimension::Time, 1.0),
    ("secs", Dimension::Time, 1.0),
    ("tb", Dimension::Bytes, 1e12),
    ("us", Dimension::Time, 1e-6),
    ("week", Dimension::Time, 604_800.0),
    ("weeks", Dimension::Time, 604_800.0),
    ("year", Dimension::Time, 31_536_000.0),
    ("years", Dimension::Time, 31_536_000.0),
];

/// Numbers above twenty in words, and numbers that are nouns.
const LARGE: &[(&str, f64)] = &[
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("hundred", 100.0),
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
    ("dozen", 12.0),
    ("once", 1.0),
    ("twice", 2.0),
    ("first", 1.0),
    ("second", 2.0),
    ("third", 3.0),
    ("fourth", 4.0),
    ("fifth", 5.0),
];

/// The unit that `word` names, as dimension and size.
pub(super) fn unit(word: &str) -> Option<(Dimension, f64)> {
    UNITS.binary_search_by_key(&word, |(name, ..)| name).ok().map(|at| (UNITS[at].1, UNITS[at].2))
}

/// A lower-case word as a quantity: "8080", "1,200", "10k", "5min", "3rd", "50%", "twelve"; none for what is no number, such as
/// a version.
pub(super) fn quantity(word: &str) -> Option<Quantity> {
    let bare = |value| Quantity { value, dimension: None };
    if let Some((_, value)) = LARGE.iter().find(|(name, _)| *name == word) {
        return Some(bare(*value));
    }
    if let Some(n) = number_word(word) {
        return Some(bare(f64::from(n)));
    }
    let word = word.trim_start_matches(['$', '€', '£', '~', '+']);
    let end = word.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(word.len());
    let (digits, tail) = word.split_at(end);
    let value: f64 = digits.replace(',', "").parse().ok()?;
    match tail {
        "" | "st" | "nd" | "rd" | "th" | "x" => Some(bare(value)),
        "k" => Some(bare(value * 1e3)),
        _ => unit(tail).map(|(dimension, size)| Quantity { value: value * size, dimension: Some(dimension) }),
    }
}

/// Several times ten, hundred...: "twenty five", "two hundred".
pub(super) fn joined(first: Quantity, next: Quantity) -> Option<Quantity> {
    let value = match (first.value, next.value) {
        (a, b) if b >= 100.0 && b.log10().fract() == 0.0 || b == 12.0 && a < 12.0 => a * b,
        (a, b) if (20.0..100.0).contains(&a) && a % 10.0 == 0.0 && b < 10.0 && b > 0.0 => a + b,
        _ => return None,
    };
    Some(Quantity { value, dimension: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_many_names() {
        assert!(UNITS.is_sorted_by_key(|(name, ..)| *name));
        assert_eq!(quantity("1,200"), quantity("1200"));
        assert_eq!(quantity("2min"), quantity("120s"));
        assert_eq!(quantity("two"), quantity("2"));
        assert_ne!(quantity("5m"), quantity("5"));
        assert_eq!(quantity("5.3.0"), None);
        assert_eq!(quantity("x86"), None);
        assert_eq!(joined(quantity("twenty").unwrap(), quantity("five").unwrap()), quantity("25"));
    }
}
