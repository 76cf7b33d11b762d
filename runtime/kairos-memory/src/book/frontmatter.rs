//! The lines between two `---` at a file's begin. Read for the few keys that we know; never written anew.

/// What we know of a file's frontmatter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frontmatter {
    pub name: Option<String>,
    pub description: Option<String>,
    /// `metadata.type`, in whichever of the forms in use it is written.
    pub kind: Option<String>,
    /// The line after the closing `---`.
    pub end: usize,
}

impl Frontmatter {
    /// None where there is none, or where it is not closed: then all is body.
    pub fn read(lines: &[String]) -> Option<Self> {
        if lines.first()?.trim_end() != "---" {
            return None;
        }
        let close = 1 + lines[1..].iter().position(|line| line.trim_end() == "---")?;
        let mut out = Self { end: close + 1, ..Self::default() };
        let mut parent = "";
        for line in &lines[1..close] {
            let Some((key, value)) = line.split_once(':') else { continue };
            let nested = key.starts_with([' ', '\t']);
            let key = key.trim();
            if !nested {
                parent = key;
            }
            let value = unquoted(value);
            match (nested, parent, key) {
                (false, _, "name") => out.name = value,
                (false, _, "description") => out.description = value,
                (false, _, "type" | "metadata.type") | (true, "metadata", "type") => out.kind = value,
                _ => {}
            }
        }
        Some(out)
    }
}

fn unquoted(value: &str) -> Option<String> {
    let value = value.trim();
    let inner = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    Some(inner.unwrap_or(value).to_owned()).filter(|v| !v.is_empty())
}
