//! Pip, a small owl for the terminal. It sees counts and times, never what a project says.

use kairos_plugin::prelude::*;

struct Pip;

impl Buddy for Pip {
    fn describe() -> Description {
        describe!("Pip, a small owl: awake when you are, worried when it should be")
    }

    fn draw(mood: &Mood) -> Drawing {
        draw(mood)
    }
}

kairos_plugin::buddy!(Pip);

/// How Pip feels; what matters more comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feeling {
    Alarmed,
    Relieved,
    Worried,
    Curious,
    Asleep,
    Drowsy,
    Content,
}

fn feeling(s: &Mood) -> Feeling {
    let night = s.hour >= 23 || s.hour < 6;
    match () {
        () if s.critical > 0 => Feeling::Alarmed,
        () if s.relieved => Feeling::Relieved,
        // Sleeps even over a worry when nobody is there to share it.
        () if s.idle_seconds >= 1800 || (night && s.idle_seconds >= 300) => Feeling::Asleep,
        () if s.news > 0 => Feeling::Curious,
        () if s.high > 0 || s.normal >= 5 => Feeling::Worried,
        () if s.idle_seconds >= 300 || night => Feeling::Drowsy,
        () => Feeling::Content,
    }
}

/// A pure function of the state: the same state is the same picture.
fn draw(s: &Mood) -> Drawing {
    let f = s.frame;
    // A blink of one frame in eleven looks alive without being restless.
    let blink = f % 11 == 10;
    let even = f.is_multiple_of(2);
    let feeling = feeling(s);
    let (word, eyes, beak) = match feeling {
        Feeling::Alarmed => ("alarmed", if even { "O,O" } else { "0,0" }, " !"),
        Feeling::Relieved => ("relieved", "^,^", " ~"),
        Feeling::Worried => ("worried", if blink { "-,-" } else { "o,o" }, ["  ", " ?"][(f / 4 % 2) as usize]),
        Feeling::Curious => ("curious", ["O,o", "o,O"][(f % 2) as usize], " ?"),
        Feeling::Asleep => ("asleep", "-,-", [" ", " z", " zZ", " zZz"][(f / 2 % 4) as usize]),
        Feeling::Drowsy => ("drowsy", if f % 6 < 3 { "-,-" } else { "o,-" }, ""),
        Feeling::Content => ("content", if blink { "-,-" } else { "o,o" }, ""),
    };
    let (left, right) = match feeling {
        Feeling::Alarmed if even => ('\\', '/'),
        Feeling::Relieved => (if even { '\\' } else { '/' }, if even { '/' } else { '\\' }),
        _ => ('/', '\\'),
    };
    // It ruffles its feathers now and then.
    let belly = if feeling == Feeling::Content && f % 23 < 2 { "{ : }" } else { "{\" \"}" };
    let open = s.low.saturating_add(s.normal).saturating_add(s.high).saturating_add(s.critical);
    let perch = match open {
        0 => String::new(),
        n if n < 1000 => format!(" {n}"),
        _ => " 999+".into(),
    };
    let lines = vec![
        "    ,___,".to_string(),
        format!("    ({eyes}){beak}"),
        format!("   {left}{belly}{right}"),
        format!("  ==\"=\"=={perch}"),
    ];
    Drawing { lines: lines.into_iter().map(|l| l.trim_end().to_string()).collect(), mood: word.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calm() -> Mood {
        Mood { frame: 0, low: 0, normal: 0, high: 0, critical: 0, idle_seconds: 0, relieved: false, news: 0, hour: 12 }
    }

    #[test]
    fn moods_follow_the_state() {
        let mood = |s: Mood| draw(&s).mood;
        assert_eq!(mood(calm()), "content");
        assert_eq!(mood(Mood { high: 1, ..calm() }), "worried");
        assert_eq!(mood(Mood { high: 1, relieved: true, ..calm() }), "relieved");
        assert_eq!(mood(Mood { critical: 1, idle_seconds: 9999, hour: 3, ..calm() }), "alarmed");
        assert_eq!(mood(Mood { idle_seconds: 400, hour: 2, ..calm() }), "asleep");
        assert_eq!(mood(Mood { idle_seconds: 400, ..calm() }), "drowsy");
        assert_eq!(mood(Mood { news: 2, ..calm() }), "curious");
    }

    #[test]
    fn every_frame_of_every_mood_fits_the_contract() {
        for bits in 0..64_u32 {
            for frame in (0..60).chain([u64::MAX]) {
                let on = |bit: u32| bits >> bit & 1;
                let s = Mood {
                    frame,
                    low: on(0) * u32::MAX,
                    normal: on(1) * 7,
                    high: on(2),
                    critical: on(3),
                    idle_seconds: on(4) * 4000,
                    relieved: on(5) == 1,
                    news: on(1),
                    hour: (frame % 24) as u8,
                };
                let drawing = draw(&s);
                assert!((1..=8).contains(&drawing.lines.len()));
                assert!(drawing.lines.iter().all(|l| l.chars().count() <= 24 && l.bytes().all(|b| (b' '..=b'~').contains(&b))));
                assert_eq!(drawing, draw(&s));
            }
        }
    }

    #[test]
    fn it_looks_like_an_owl() {
        let content = draw(&Mood { frame: 5, low: 2, ..calm() });
        assert_eq!(content.lines.join("\n"), "    ,___,\n    (o,o)\n   /{\" \"}\\\n  ==\"=\"== 2");
    }
}
