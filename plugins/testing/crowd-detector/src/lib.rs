//! One of many: the benchmark loads a thousand copies of it, and puts another number into each group's glob.

use kairos_plugin::prelude::*;

struct Crowd;

/// The files that this copy wants. The benchmark replaces the digits in the built component.
static GLOB: [u8; 12] = *b"group-000/**";

impl Detector for Crowd {
    fn describe() -> Description {
        describe!("One of many, to see what a crowd costs")
    }

    fn interests() -> Vec<Interest> {
        // Opaque, so that the bytes stay in one piece in the component's data.
        let glob = String::from_utf8_lossy(std::hint::black_box(&GLOB));
        vec![
            Interest::new("file.modified", "to see the files of its group").paths(&[&*glob]),
            Interest::new("crowd.all", "to see what all copies see"),
        ]
    }

    fn detect(_host: &impl Host, signals: &[Signal]) -> Result<Report, Error> {
        // Looks at everything it is given, as a detector does that has nothing to say.
        let seen = signals.iter().filter(|s| s.attribute("path").is_some_and(|p| p.ends_with(".conflict")));
        Ok(if seen.count() == signals.len() && !signals.is_empty() { Report::new().clear("never") } else { Report::new() })
    }
}

kairos_plugin::detector!(Crowd);
