//! What a detector may say, and the limits that a host holds it to.

use serde::{Deserialize, Serialize};

/// How much a finding wants to be seen. Ordered: `Low < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Listed, never announced.
    Low,
    /// Worth a line at the next good moment.
    Normal,
    /// Worth a line now.
    High,
    /// Harm is about to happen.
    Critical,
}

impl Urgency {
    /// The name used in SQL, JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::str::FromStr for Urgency {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Low, Self::Normal, Self::High, Self::Critical]
            .into_iter()
            .find(|u| u.as_str() == s)
            .ok_or_else(|| format!("`{s}` is no urgency: use low, normal, high or critical"))
    }
}

/// Where a finding can be seen with one's own eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// `file`, `command`, `git`, `signal`.
    pub kind: String,
    /// A path, a command line, a revision, a signal's id.
    pub subject: String,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What a person sees there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// A typed statement with evidence. The only way for anything to reach the user unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Names the fact: the same fact has the same key.
    pub key: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub detail: String,
    /// How much it wants to be seen.
    pub urgency: Urgency,
    /// At least one.
    pub evidence: Vec<Evidence>,
    /// What the user can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What one call of a detector says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Keys (or prefixes with `*`) of findings that no longer hold. Applied first.
    pub cleared: Vec<String>,
    /// What holds.
    pub findings: Vec<Finding>,
    /// Seconds until a `kairos.wake`; 0 cancels, none leaves an earlier wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_after: Option<u32>,
}

/// Most findings in one report.
pub const MAX_FINDINGS: usize = 100;
/// Most cleared keys in one report.
pub const MAX_CLEARED: usize = 1000;
/// The shortest and longest `wake_after`, in seconds: a minute, a week.
pub const WAKE_AFTER: std::ops::RangeInclusive<u32> = 60..=604_800;

/// Why a report is refused as a whole. A report is believed entirely or not at all: a detector that breaks one rule is
/// faulty, and half of what it says is no better than the other half.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadReport(String);

impl Report {
    /// Checks the limits that the contract states (`wit/detector/detector.wit`) and takes control characters out of
    /// all text, so that no finding can move the cursor of a terminal.
    pub fn validate(mut self) -> Result<Self, BadReport> {
        let bad = |text: String| Err(BadReport(text));
        if self.findings.len() > MAX_FINDINGS {
            return bad(format!("{} findings in one report, at most {MAX_FINDINGS}", self.findings.len()));
        }
        if self.cleared.len() > MAX_CLEARED {
            return bad(format!("{} cleared keys in one report, at most {MAX_CLEARED}", self.cleared.len()));
        }
        if let Some(seconds) = self.wake_after
            && seconds != 0
            && !WAKE_AFTER.contains(&seconds)
        {
            return bad(format!("wake-after is {seconds} s, allowed are 0 and 60 to 604800"));
        }
        if self.cleared.iter().any(|k| k.is_empty() || k.len() > 257) {
            return bad("a cleared key is empty or longer than 256 bytes".into());
        }
        for f in &mut self.findings {
            if f.key.is_empty() || f.key.len() > 256 || f.key.chars().any(char::is_control) {
                return bad("a finding's key must have 1 to 256 bytes and no control characters".into());
            }
            f.title = one_line(&f.title);
            f.detail = plain(&f.detail);
            f.remedy = f.remedy.as_deref().map(one_line);
            let count = f.title.chars().count();
            if count == 0 || count > 120 {
                return bad(format!("the title of `{}` has {count} characters, allowed are 1 to 120", f.key));
            }
            if f.detail.len() > 4096 {
                return bad(format!("the detail of `{}` has {} bytes, at most 4096", f.key, f.detail.len()));
            }
            if f.remedy.as_ref().is_some_and(|r| r.len() > 400) {
                return bad(format!("the remedy of `{}` is over 400 bytes", f.key));
            }
            if f.evidence.is_empty() || f.evidence.len() > 16 {
                return bad(format!("`{}` has {} pieces of evidence, allowed are 1 to 16", f.key, f.evidence.len()));
            }
            for e in &mut f.evidence {
                e.kind = one_line(&e.kind);
                e.subject = one_line(&e.subject);
                e.excerpt = one_line(&e.excerpt);
                if e.kind.is_empty() || e.kind.len() > 64 || e.subject.is_empty() || e.subject.len() > 1024 {
                    return bad(format!("evidence of `{}` lacks a kind or a subject, or they are too long", f.key));
                }
                if e.excerpt.len() > 400 {
                    return bad(format!("an excerpt of `{}` has {} bytes, at most 400", f.key, e.excerpt.len()));
                }
            }
        }
        Ok(self)
    }

    /// Does one of the cleared keys name this one?
    pub fn clears(&self, key: &str) -> bool {
        self.cleared.iter().any(|c| crate::signal::kind_matches(c, key))
    }
}

/// Text for a terminal, in lines: no control characters, no characters that reorder what is read.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !is_deceptive(*c)).collect()
}

/// Text on one line, without control characters and without spaces around it.
pub fn one_line(text: &str) -> String {
    one_line_untrimmed(text).trim().into()
}

/// As [`one_line`], but spaces around it stay: they are part of a drawing.
pub fn one_line_untrimmed(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).filter(|c| !is_deceptive(*c)).collect()
}

/// Control characters, and the bidirectional overrides of CVE-2021-42574 ("Trojan Source").
fn is_deceptive(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(key: &str) -> Finding {
        Finding {
            key: key.into(),
            title: "a title".into(),
            detail: String::new(),
            urgency: Urgency::Normal,
            evidence: vec![Evidence { kind: "file".into(), subject: "a.rs".into(), line: Some(1), excerpt: String::new() }],
            remedy: None,
        }
    }

    fn report(f: Finding) -> Report {
        Report { findings: vec![f], ..Report::default() }
    }

    #[test]
    fn terminal_codes_are_taken_out() {
        let mut f = finding("k");
        f.title = "red \u{1b}[31malert\u{202e}".into();
        let checked = report(f).validate().unwrap();
        assert_eq!(checked.findings[0].title, "red [31malert");
    }

    #[test]
    fn a_report_that_breaks_a_limit_is_refused_whole() {
        let mut f = finding("k");
        f.evidence.clear();
        assert!(report(f).validate().is_err());
        let mut f = finding("k");
        f.title = "x".repeat(121);
        assert!(report(f).validate().is_err());
        assert!(report(finding("")).validate().is_err());
        assert!(Report { findings: vec![finding("k"); 101], ..Report::default() }.validate().is_err());
        assert!(Report { wake_after: Some(5), ..Report::default() }.validate().is_err());
        assert!(Report { wake_after: Some(0), ..Report::default() }.validate().is_ok());
    }

    #[test]
    fn cleared_keys_are_exact_or_prefixes() {
        let r = Report { cleared: vec!["file:a.rs*".into(), "branch".into()], ..Report::default() };
        assert!(r.clears("file:a.rs:3"));
        assert!(r.clears("branch"));
        assert!(!r.clears("branch:main"));
    }
}
