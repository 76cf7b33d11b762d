//! The smallest detector: it asks for nothing and says hello when it is loaded.

use kairos_plugin::prelude::*;

struct Hello;

impl Detector for Hello {
    fn describe() -> Description {
        describe!("Says hello when it is loaded")
    }

    fn interests() -> Vec<Interest> {
        vec![Interest::new("kairos.loaded", "to say hello when it is loaded")]
    }

    fn detect(_host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        Ok(signals.iter().find(|s| s.kind == "kairos.loaded").map_or_else(Report::new, |loaded| {
            Report::new().finding(
                Finding::new("hello", "Hello: a plugin was loaded and its findings arrive here")
                    .detail("This example asks for no rights. Remove its file and it is gone.")
                    .urgency(Urgency::Normal)
                    .evidence(Evidence::signal(loaded, "kairos.loaded"))
                    .remedy("Remove hello-detector.wasm from the plugins directory"),
            )
        }))
    }
}

kairos_plugin::detector!(Hello);

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_plugin::testing::Fake;

    #[test]
    fn it_says_hello_once_it_is_loaded() {
        let report = Hello::detect(&Fake::new(), &[Signal::new("kairos.loaded")]).unwrap();
        assert_eq!(report.findings[0].key, "hello");
        assert!(Hello::detect(&Fake::new(), &[]).unwrap().findings.is_empty());
    }
}
