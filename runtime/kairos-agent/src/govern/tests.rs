//! All circumstances there are, not a sample of them: the numbers only count as below and at their limit.

use super::*;
use Urgency::{Critical, High, Low, Normal};

const FREE: Circumstances = Circumstances {
    urgency: Normal,
    proactive: Proactive::All,
    muted: false,
    quiet: false,
    away: false,
    announced_today: 4,
    daily_cap: 5,
    announced_by_detector: 2,
    detector_rate: 3,
};

fn all() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for urgency in [Low, Normal, High, Critical] {
        for proactive in [Proactive::Off, Proactive::Important, Proactive::All] {
            for bits in 0..32_u8 {
                let bit = |n: u8| bits >> n & 1 == 1;
                all.push(Circumstances {
                    urgency,
                    proactive,
                    muted: bit(0),
                    quiet: bit(1),
                    away: bit(2),
                    announced_today: FREE.announced_today + u64::from(bit(3)),
                    announced_by_detector: FREE.announced_by_detector + u64::from(bit(4)),
                    ..FREE
                });
            }
        }
    }
    all
}

fn rule(c: &Circumstances) -> Option<Rule> {
    match decide(c) {
        Decision::Announce => None,
        Decision::Keep(rule) => {
            assert!(!rule.why(c, "p").is_empty());
            Some(rule)
        }
    }
}

#[test]
fn critical_ones_pass_everything_but_the_users_word() {
    for c in all().iter().filter(|c| c.urgency == Critical) {
        assert_eq!(rule(c).is_none(), c.proactive != Proactive::Off, "{c:?}");
    }
}

#[test]
fn each_restriction_alone_keeps_what_it_should() {
    let with = |change: fn(&mut Circumstances)| {
        [Low, Normal, High, Critical].map(|urgency| {
            let mut c = Circumstances { urgency, ..FREE };
            change(&mut c);
            rule(&c)
        })
    };
    let low = Some(Rule::LowUrgency);
    let off = Some(Rule::Proactive);
    assert_eq!(with(|_| ()), [low, None, None, None]);
    assert_eq!(with(|c| c.proactive = Proactive::Off), [off; 4]);
    assert_eq!(with(|c| c.proactive = Proactive::Important), [low, off, None, None]);
    assert_eq!(with(|c| c.muted = true), [low, Some(Rule::Muted), Some(Rule::Muted), None]);
    assert_eq!(with(|c| c.quiet = true), [low, Some(Rule::QuietHours), Some(Rule::QuietHours), None]);
    // The routing by presence: away, normal ones wait, high ones go out.
    assert_eq!(with(|c| c.away = true), [low, Some(Rule::Away), None, None]);
    assert_eq!(with(|c| c.announced_by_detector = 3), [low, Some(Rule::DetectorRate), Some(Rule::DetectorRate), None]);
    assert_eq!(with(|c| c.announced_today = 5), [low, Some(Rule::DailyCap), Some(Rule::DailyCap), None]);
}

#[test]
fn the_first_rule_in_the_stated_order_is_the_one_that_is_told() {
    // `proactive` stands in two places: `off` before all others, `important` after what would never be said anyway.
    let order = |rule: Rule, c: &Circumstances| match rule {
        Rule::Proactive if c.proactive == Proactive::Off => 0,
        Rule::LowUrgency => 1,
        Rule::Muted => 2,
        Rule::Proactive => 3,
        Rule::QuietHours => 4,
        Rule::Away => 5,
        Rule::DetectorRate => 6,
        Rule::DailyCap => 7,
    };
    for c in all() {
        let Some(told) = rule(&c) else { continue };
        // Without the circumstance that is told, the next reason comes later in the order, if there is one.
        let mut without = c;
        match told {
            Rule::Proactive => without.proactive = Proactive::All,
            Rule::LowUrgency => without.urgency = High,
            Rule::Muted => without.muted = false,
            Rule::QuietHours => without.quiet = false,
            Rule::Away => without.away = false,
            Rule::DetectorRate => without.announced_by_detector = 0,
            Rule::DailyCap => without.announced_today = 0,
        }
        let next = rule(&without);
        assert!(next.is_none_or(|next| order(next, &without) > order(told, &c)), "{c:?}: {told:?}, then {next:?}");
    }
}

#[test]
fn what_waits_is_never_lost() {
    for c in all() {
        let Some(told) = rule(&c).filter(|r| r.waits()) else { continue };
        let over = rule(&Circumstances { quiet: false, away: false, ..c });
        assert!(matches!(over, None | Some(Rule::DetectorRate | Rule::DailyCap)), "{c:?}: {told:?}, then {over:?}");
    }
}

#[test]
fn more_urgent_never_waits_longer() {
    for c in all() {
        for urgency in [Low, Normal, High, Critical].into_iter().filter(|u| *u > c.urgency) {
            assert!(rule(&c).is_some() || rule(&Circumstances { urgency, ..c }).is_none(), "{c:?}");
        }
    }
}
