//! Which hosts may be reached.

/// How far a host may be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On the public internet only: somebody else named the host, and could let its name point into the local network.
    Public,
    /// Also on this machine and in the local network: the user's own settings name this very host.
    Anywhere,
}

/// The hosts that may be reached; empty means none.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    hosts: Vec<(String, Reach)>,
}

impl Allow {
    /// With one more host: a name or an address as it stands in a URL. Other names below it are not meant.
    pub fn host(mut self, host: &str, reach: Reach) -> Self {
        self.hosts.push((normal(host), reach));
        self
    }

    /// How far this host may be looked for; none if it may not be reached.
    pub(crate) fn reach(&self, host: &str) -> Option<Reach> {
        let host = normal(host);
        self.hosts.iter().find(|(allowed, _)| *allowed == host).map(|(_, reach)| *reach)
    }
}

/// Names are the same in capitals, and with the root's dot at their end.
fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_itself_and_nothing_near_it() {
        let allow = Allow::default().host("Example.org", Reach::Public).host("[::1]", Reach::Anywhere);
        assert_eq!(allow.reach("example.ORG."), Some(Reach::Public));
        assert_eq!(allow.reach("[::1]"), Some(Reach::Anywhere));
        for other in ["www.example.org", "example.org.evil.net", "xexample.org", "example", ""] {
            assert_eq!(allow.reach(other), None, "{other}");
        }
    }
}
