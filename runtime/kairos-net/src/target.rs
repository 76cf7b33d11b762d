//! An address that somebody else wrote, brought into the one form in which it is judged and then connected to.

use crate::send::NetError;
use reqwest::Url;
use std::fmt;

/// Most bytes of an address: one that is longer carries something away.
const MAX: usize = 2048;

/// An `http` or `https` address without a user, a password or a fragment, its host in lower case and without the root's dot, an IP
/// address in its usual form however it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: String,
}

impl Target {
    /// Reads an address strictly. Whoever reads the same text more kindly reads another address into it: that is how a check is
    /// got round.
    ///
    /// # Errors
    /// [`NetError::Refused`], which says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NetError> {
        let refused = |why: &'static str| Err(NetError::Refused(why));
        if text.len() > MAX {
            return refused("it has more than 2048 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return refused("it has spaces, control characters or backslashes in it");
        }
        let lower = text.to_ascii_lowercase();
        let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        let Some(rest) = rest.filter(|rest| !rest.starts_with('/')) else {
            return refused("it does not begin with http:// or https:// and a host");
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return refused("it names a user");
        }
        if authority.ends_with(':') {
            return refused("its port is missing");
        }
        let Ok(mut url) = text.parse::<Url>() else { return refused("it is no URL") };
        url.set_fragment(None);
        let host = url.host_str().unwrap_or_default();
        // The parser has made an address of all that it takes for one, so what still has a dot at its end is a name.
        let host = host.strip_suffix('.').unwrap_or(host).to_owned();
        if host.split('.').any(str::is_empty) {
            return refused("its host is no name");
        }
        if url.set_host(Some(&host)).is_err() || url.host_str() != Some(&host) {
            return refused("its host is no name");
        }
        Ok(Self { url, host })
    }

    /// As it stands in the address: an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Also where the address does not name it.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// It is that of the scheme.
    pub fn has_usual_port(&self) -> bool {
        self.url.port().is_none()
    }

    /// Without a path: `https://example.org`.
    pub fn origin(&self) -> String {
        let port = self.url.port().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}", self.url.scheme(), self.host)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// For a search in it: as it is, and without the `%` signs that hide letters.
    pub fn readings(&self) -> [String; 2] {
        let whole = self.as_str();
        let digits = |at: usize| whole.get(at + 1..at + 3).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let (mut plain, mut at) = (Vec::new(), 0);
        while let Some(byte) = whole.as_bytes().get(at) {
            let hidden = Some(at).filter(|_| *byte == b'%').and_then(digits).and_then(|two| u8::from_str_radix(two, 16).ok());
            plain.push(hidden.unwrap_or(*byte));
            at += if hidden.is_some() { 3 } else { 1 };
        }
        [whole.to_owned(), String::from_utf8_lossy(&plain).into_owned()]
    }

    /// What is asked for, as it is sent.
    pub(crate) fn request_line(&self) -> String {
        let query = self.url.query().map_or_else(String::new, |query| format!("?{query}"));
        format!("GET {}{query}\n", self.url.path())
    }

    /// It says itself that it leads to this machine, or into the local network: no look-up is needed to know. A name that does not say
    /// so may still lead there; the addresses that it has are judged when a connection is made.
    pub fn is_plainly_private(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(address) => !crate::is_public(address),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_one_way() {
        let same = |text: &str, url: &str| assert_eq!(Target::parse(text).unwrap().as_str(), url, "{text}");
        same("HTTPS://Example.ORG/A?b=c#d", "https://example.org/A?b=c");
        same("https://example.org:443", "https://example.org/");
        same("https://example.org./x", "https://example.org/x");
        same("http://a.example:8080/../x", "http://a.example:8080/x");
        same("https://bücher.example/", "https://xn--bcher-kva.example/");
        same("https://example.org/@user", "https://example.org/@user");
        same("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/");
        let target = Target::parse("http://example.org:8443").unwrap();
        assert_eq!((target.host(), target.port(), target.is_plainly_private()), ("example.org", 8443, false));
        assert_eq!(target.origin(), "http://example.org:8443");
        assert!(Target::parse("https://1.1.1.1:443").unwrap().has_usual_port() && !target.has_usual_port());
        let hidden = Target::parse("https://example.org/?%6bey=%5%+1%c3%a9%").unwrap();
        assert!(hidden.readings()[1].ends_with("/?key=%5%+1é%"), "{:?}", hidden.readings());
    }

    #[test]
    fn ways_into_the_local_network_are_seen_however_they_are_written() {
        for hostile in [
            // This machine, in the forms that system libraries take for it.
            "http://127.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://00000177.0.0.1/",
            "http://0x7F.0x0.0x0.0x1/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://0/",
            "http://0.0.0.0/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://ｌocalhost/",
            "http://[::1]/",
            "http://[::]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            // The network around it, and what clouds keep there.
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[fd00:ec2::254]/",
            "http://[fd20:ce::254]/",
            "http://168.63.129.16/metadata/",
            "http://169.254.169.254./",
            "http://0xa9.254.0xa9fe/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::]/",
            "http://10.0.0.1/",
            "http://172.16.5.4/",
            "http://192.168.257/",
            "http://100.100.100.200/",
            "http://[fe80::1]/",
            "http://[fd12::1]/",
            "http://255.255.255.255/",
        ] {
            let target = Target::parse(hostile).unwrap_or_else(|e| panic!("{hostile}: {e}"));
            assert!(target.is_plainly_private(), "{hostile} is read as {target}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read_at_all() {
        for (hostile, why) in [
            ("http://example.org@127.0.0.1/", "user"),
            ("http://user:password@example.org/", "user"),
            ("http://example.org:80@127.0.0.1/", "user"),
            ("http://@127.0.0.1/", "user"),
            ("http://127.0.0.1\\@example.org/", "backslash"),
            ("http://example.org\t.evil.example/", "spaces"),
            ("http://exam\nple.org/", "spaces"),
            (" http://127.0.0.1/", "spaces"),
            ("http://127.0.0.1 .example.org/", "spaces"),
            ("http:127.0.0.1", "begin"),
            ("http:///127.0.0.1/", "begin"),
            ("http:/127.0.0.1/", "begin"),
            ("//127.0.0.1/", "begin"),
            ("127.0.0.1", "begin"),
            ("file:///etc/passwd", "begin"),
            ("ftp://example.org/", "begin"),
            ("gopher://127.0.0.1:6379/_x", "begin"),
            ("javascript:alert(1)", "begin"),
            ("http://", "no URL"),
            ("http://256.256.256.256/", "no URL"),
            ("http://1.2.3.4.5/", "no URL"),
            ("http://[::1/", "no URL"),
            ("http://[fe80::1%25eth0]/", "no URL"),
            ("http://example.org:99999/", "no URL"),
            ("http://example.org:/", "port"),
            ("http://example.org../", "no name"),
            ("http://.example.org/", "no name"),
            ("http://exa%00mple.org/", "no URL"),
            ("http://exa%2fmple.org/", "no URL"),
        ] {
            let error = Target::parse(hostile).expect_err(hostile).to_string();
            assert!(error.contains(why), "{hostile}: {error}");
        }
        assert!(Target::parse(&format!("http://example.org/{}", "a".repeat(MAX))).is_err());
    }
}
