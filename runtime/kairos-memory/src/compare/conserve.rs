//! Is all that may not change still there? Numbers, identifiers, names and denials of a new wording, looked for in its evidence.

use super::align::{Link, align};
use super::quantity::quantity;
use super::sentence::{Form, Sentence, Token};
use super::split::sentences;
use thiserror::Error;

/// What a proposed text says that its evidence does not, or denies otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Missing {
    /// A number, with its unit, that no evidence has.
    #[error("the number {0} is in none of the evidence; cite what says it, or keep the old wording")]
    Number(String),
    /// A path, flag, version or identifier that no evidence has, letter by letter.
    #[error("`{0}` is in none of the evidence; cite what says it, or keep the old wording")]
    Identifier(String),
    /// A proper name that no evidence has.
    #[error("the name {0} is in none of the evidence; cite what says it, or keep the old wording")]
    Name(String),
    /// It denies what the evidence says.
    #[error("the text denies \"{0}\", which the evidence does not deny; keep its \"not\"s as they are")]
    Denied(String),
    /// It says what the evidence denies.
    #[error("the evidence denies \"{0}\", and the text does not; keep its \"not\"s as they are")]
    Affirmed(String),
}

/// Least share of a sentence's words that a piece of evidence must have to be what the sentence rests on.
const RESTS: f32 = 0.5;

/// Does every number, identifier, proper name and denial of `text` occur in `evidence`?
///
/// # Errors
/// The first that does not, by name.
pub fn conserved(text: &str, evidence: &[&str]) -> Result<(), Missing> {
    let known: Vec<Sentence> = evidence.iter().flat_map(|e| sentences(e)).map(after_answer).map(Sentence::parse).collect();
    for sentence in sentences(text).map(after_answer).map(Sentence::parse) {
        for token in &sentence.tokens {
            stands(token, &known, evidence)?;
        }
        same_denials(&sentence, &known)?;
    }
    Ok(())
}

/// "No, use pnpm": the "no" answers what was said before, and denies nothing of what follows.
fn after_answer(sentence: &str) -> &str {
    let answer = ["no", "nope"].into_iter().find(|a| {
        let (word, rest) = sentence.split_at_checked(a.len()).unwrap_or_default();
        word.eq_ignore_ascii_case(a) && rest.starts_with(',')
    });
    answer.map_or(sentence, |a| sentence[a.len() + 1..].trim_start())
}

/// Is the word somewhere in the evidence?
fn stands(token: &Token, known: &[Sentence], evidence: &[&str]) -> Result<(), Missing> {
    let has = |test: &dyn Fn(&Token) -> bool| known.iter().any(|s| s.tokens.iter().any(test));
    let word = || token.word.clone();
    match token.form {
        Form::Number(q) if token.word.contains(|c: char| c.is_ascii_digit()) || !is_ordinal(&token.word) => {
            let same = |t: &Token| matches!(t.form, Form::Number(other) if other == q);
            if token.weak || has(&same) || evidence.iter().any(|e| has_word(e, &token.word)) {
                return Ok(());
            }
            Err(Missing::Number(word()))
        }
        Form::Code if !has(&|t| t.stem == token.stem) && !evidence.iter().any(|e| has_word(e, &token.word)) => {
            Err(Missing::Identifier(word()))
        }
        Form::Name if !has(&|t| t.stem == token.stem || t.word.eq_ignore_ascii_case(&token.word)) => {
            let known = evidence.iter().any(|e| has_word(&e.to_lowercase(), &token.word.to_lowercase()));
            if known { Ok(()) } else { Err(Missing::Name(word())) }
        }
        _ => Ok(()),
    }
}

/// "first" and "twice" tell an order more often than a number.
fn is_ordinal(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "first" | "second" | "third" | "fourth" | "fifth" | "once" | "twice")
}

/// Does `word` stand in `text` by itself, not inside a longer word or number?
fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        let number = quantity(&word.to_lowercase()).is_some();
        // "8" is not in "8.5", "5" not in "1.5".
        let dotted = number
            && (text[at + word.len()..].starts_with('.')
                && text[at + word.len() + 1..].starts_with(|c: char| c.is_ascii_digit())
                || before == Some('.'));
        !before.is_some_and(joins) && !after.is_some_and(joins) && !dotted
    })
}

/// Is each sentence denied as the evidence it rests on is?
fn same_denials(sentence: &Sentence, known: &[Sentence]) -> Result<(), Missing> {
    let mut best: Option<(usize, Option<(String, bool)>)> = None;
    for other in known {
        let found = align(sentence, other);
        let shared: Vec<_> = found.pairs.iter().filter(|p| p.link.is_shared()).collect();
        let flips = found.pairs.iter().filter(|p| {
            let flipped = sentence.tokens[p.first].negated != other.tokens[p.second].negated;
            (p.link.is_shared() && flipped) || (p.link == Link::Opposite && !flipped)
        });
        let flip = flips.min_by_key(|p| p.first);
        let flip = flip.map(|p| (sentence.tokens[p.first].word.clone(), sentence.tokens[p.first].negated));
        let better =
            best.as_ref().is_none_or(|(n, old)| shared.len() > *n || (shared.len() == *n && flip.is_none() && old.is_some()));
        if better {
            best = Some((shared.len(), flip));
        }
    }
    let rests = |n: usize| n as f32 >= RESTS * sentence.tokens.len() as f32;
    match best {
        Some((n, Some((word, negated)))) if rests(n) || n > 1 => {
            Err(if negated { Missing::Denied(word) } else { Missing::Affirmed(word) })
        }
        _ if sentence.denials > 0 && known.iter().all(|s| s.denials == 0) => {
            let word = sentence.tokens.iter().find(|t| t.negated).map_or("not", |t| t.word.as_str());
            Err(Missing::Denied(word.to_owned()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_change_is_named() {
        let evidence = ["we run the api on port 8080, config in src/app.toml", "Ada said: never push to main"];
        let of = |text| conserved(text, &evidence);
        assert_eq!(of("The API runs on port 8080"), Ok(()));
        assert_eq!(of("The API runs on port 8081"), Err(Missing::Number("8081".into())));
        assert_eq!(of("The API's config is src/app.toml"), Ok(()));
        assert_eq!(of("The API's config is src/api.toml"), Err(Missing::Identifier("src/api.toml".into())));
        assert_eq!(of("According to Ada, never push to main"), Ok(()));
        assert_eq!(of("According to Grace, never push to main"), Err(Missing::Name("Grace".into())));
        assert_eq!(of("Don't push to main"), Ok(()));
        assert_eq!(conserved("From now on, use pnpm.", &["Don't push yet. No, from now on, use pnpm. Thanks."]), Ok(()));
        assert_eq!(of("Push to main"), Err(Missing::Affirmed("Push".into())));
        assert_eq!(of("The API does not run on port 8080"), Err(Missing::Denied("run".into())));
        assert_eq!(
            conserved("`ruff check .` fails, `ruff check --fix .` works.", &["ruff check .", "ruff check --fix ."]),
            Ok(())
        );
        assert_eq!(conserved("waits two minutes", &["it waits for 120s"]), Ok(()));
        assert_eq!(conserved("version 1.5", &["version 1.5.2"]), Err(Missing::Number("1.5".into())));
    }
}
