//! Where a link leads.

/// The address that a link on a page means, without its fragment; none where it leads to no page. What the host makes of it when it is asked
/// for is the host's to say.
pub fn join(base: &str, link: &str) -> Option<String> {
    let link = link.trim().split('#').next().unwrap_or_default();
    let (scheme, rest) = base.split_once("://")?;
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(path_at);
    let path = path.split('?').next().unwrap_or_default();
    if link.is_empty() {
        return None;
    }
    if let Some(colon) = link.find([':', '/', '?']).filter(|at| link.as_bytes()[*at] == b':') {
        let known = ["http", "https"].iter().any(|known| link[..colon].eq_ignore_ascii_case(known));
        return (known && link[colon..].starts_with("://")).then(|| plain(link));
    }
    if link.starts_with("//") {
        return Some(plain(&format!("{scheme}:{link}")));
    }
    if link.starts_with('?') {
        return Some(plain(&format!("{scheme}://{host}{path}{link}")));
    }
    let (link, query) = link.split_at(link.find('?').unwrap_or(link.len()));
    let folder = if link.starts_with('/') { "" } else { path.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let mut parts: Vec<&str> = Vec::new();
    let all = format!("{folder}/{}", link.trim_start_matches('/'));
    let ends_in_folder = all.ends_with(['/']) || all.ends_with("/.") || all.ends_with("/..");
    for part in all.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if ends_in_folder && !parts.is_empty() { "/" } else { "" };
    Some(plain(&format!("{scheme}://{host}/{}{end}{query}", parts.join("/"))))
}

/// An address as it is asked for: without its fragment, without spaces and what is beyond ASCII.
pub fn plain(url: &str) -> String {
    let url = url.trim().split('#').next().unwrap_or_default();
    url.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_graphic() {
            all.push(char::from(byte));
        } else {
            all += &format!("%{byte:02X}");
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_from_where_they_stand() {
        let base = "https://example.org/a/b?c=d";
        for (link, url) in [
            ("x", "https://example.org/a/x"),
            ("./x/", "https://example.org/a/x/"),
            ("../x?y=1#z", "https://example.org/x?y=1"),
            ("../../../x", "https://example.org/x"),
            ("/x", "https://example.org/x"),
            ("/", "https://example.org/"),
            ("?y", "https://example.org/a/b?y"),
            ("//other.example/x", "https://other.example/x"),
            ("http://127.0.0.1/", "http://127.0.0.1/"),
            (" /two words/ü ", "https://example.org/two%20words/%C3%BC"),
            ("x?to=a:b", "https://example.org/a/x?to=a:b"),
        ] {
            assert_eq!(join(base, link).as_deref(), Some(url), "{link}");
        }
        for nowhere in
            ["", "#top", "javascript:alert(1)", "mailto:a@example.org", "data:text/html,x", "http:x", "file:///etc/passwd"]
        {
            assert_eq!(join(base, nowhere), None, "{nowhere}");
        }
        assert_eq!(join("https://example.org", "x").as_deref(), Some("https://example.org/x"));
    }
}
