//! `*` in the text of a command line or in a name.

/// Does `text` match, where `*` stands for any text, also none?
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What a rule says of the text of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextPattern {
    /// Any.
    All,
    /// This, and nothing else.
    Exact(String),
    /// `git *` and `git:*`: this word or these words, alone or with more after a space.
    Words(String),
    /// With `*` elsewhere.
    Wild(String),
}

impl TextPattern {
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let prefix = text.strip_suffix(":*").or_else(|| text.strip_suffix(" *")).map(str::trim_end);
        match prefix {
            _ if text.is_empty() || text == "*" => Self::All,
            Some(words) if !words.contains('*') => Self::Words(words.into()),
            // `:*` means the same as ` *` at the end, also after another star.
            Some(words) => Self::Wild(format!("{words} *")),
            None if text.contains('*') => Self::Wild(text.into()),
            None => Self::Exact(text.into()),
        }
    }

    /// For text that is in lower case.
    pub fn lower(self) -> Self {
        match self {
            Self::All => Self::All,
            Self::Exact(text) => Self::Exact(text.to_lowercase()),
            Self::Words(text) => Self::Words(text.to_lowercase()),
            Self::Wild(text) => Self::Wild(text.to_lowercase()),
        }
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Exact(exact) => text == exact,
            // Most rules are for other words than these, and most of them end elsewhere.
            Self::Words(words) => {
                matches!(text.as_bytes().get(words.len()), None | Some(b' ')) && text.starts_with(words.as_str())
            }
            Self::Wild(pattern) => matches(pattern, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_text_and_words_end_where_they_end() {
        let yes = |pattern: &str, text: &str| assert!(TextPattern::new(pattern).matches(text), "{pattern} / {text}");
        let no = |pattern: &str, text: &str| assert!(!TextPattern::new(pattern).matches(text), "{pattern} / {text}");
        yes("git *", "git");
        yes("git *", "git log -1");
        no("git *", "gitk");
        yes("npm run test:*", "npm run test -- --watch");
        no("npm run test:*", "npm run test2");
        yes("ls*", "lsof");
        yes("git * main", "git checkout main");
        no("git * main", "git checkout main2");
        yes("* --version", "node --version");
        yes("npm run build", "npm run build");
        no("npm run build", "npm run build x");
        yes("*", "anything at all");
        no("a*a", "a");
    }
}
