//! Which budgets hold for a question.

use super::{Kind, Occasion};
use kairos_core::Millis;
use kairos_core::config::Config;
use kairos_model::ModelError;
use kairos_store::{Limit, Unit, Whose};

const DAY: Millis = 24 * 3600 * 1000;
const MONTH: Millis = 30 * DAY;
const DAILY: &str = "model.tokens-a-day";

/// A limit, and how a person is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) limit: Limit,
    /// Such as `of all plugins for 24 hours`.
    whose: String,
    /// Where it is set.
    pub(super) setting: String,
}

impl Budget {
    fn new(whose: Whose, within: Millis, unit: Unit, allowed: u64, said: &str, setting: &str) -> Self {
        Self { limit: Limit { whose, within, unit, allowed }, whose: said.into(), setting: setting.into() }
    }

    fn shown(&self, amount: u64) -> String {
        match self.limit.unit {
            Unit::Tokens => format!("{amount} tokens"),
            Unit::Money => format!("${:.4}", amount as f64 / 1e6),
        }
    }

    /// It is not enough: so much was wanted, so much is left.
    pub(super) fn over(&self, wanted: u64, left: u64) -> ModelError {
        let Self { whose, setting, limit } = self;
        ModelError::Budget(format!(
            "the question may take {}, and of the {} {whose} {} are left; {setting} says how many there are, and nothing was sent",
            self.shown(wanted),
            self.shown(limit.allowed),
            self.shown(left)
        ))
    }

    /// It is nearly used up.
    pub(super) fn nearly(&self) -> String {
        format!(
            "more than 80 % of the {} {} are used; {} says how many there are",
            self.shown(self.limit.allowed),
            self.whose,
            self.setting
        )
    }
}

/// All that hold for this question, the narrowest first. `tokens_a_day` is what the plugin may use, where one asks.
///
/// # Errors
/// Where a setting is not of its form.
pub(super) fn budgets(config: &Config, of: &Occasion, provider: &str, tokens_a_day: Option<u64>) -> Result<Vec<Budget>, String> {
    let tokens = |whose, allowed, said: &str, setting: &str| Budget::new(whose, DAY, Unit::Tokens, allowed, said, setting);
    let mut all = Vec::new();
    if let Some(allowed) = tokens_a_day {
        let setting = "what it asked for when you granted it a model";
        all.push(tokens(Whose::Plugin(of.plugin.clone()), allowed, "of this plugin for 24 hours", setting));
    }
    let (key, said) = match of.kind {
        Kind::Plugin => ("model.tokens-a-dream", "of this dream"),
        Kind::Tick => ("model.tokens-a-turn", "of this turn"),
        Kind::Ask => ("model.tokens-an-ask", "of this conversation"),
    };
    all.push(tokens(Whose::Occasion(of.name.clone()), config.number(key), said, &format!("`{key}` in kairos.toml")));
    if of.kind != Kind::Ask {
        let (limit, said) = (unasked(config), "that nobody asked for, of 24 hours,");
        all.push(Budget { limit, whose: said.into(), setting: format!("`{DAILY}` in kairos.toml") });
    }
    for text in config.list("model.budgets") {
        let (whose, budget) = parse(&text).ok_or_else(|| {
            format!(
                "`model.budgets` in kairos.toml holds `{text}`; it has to be [project:NAME | plugin:NAME | provider:NAME] day|month \
                 NUMBER tokens|usd"
            )
        })?;
        let holds = match &whose {
            Whose::Project(name) => *name == of.project,
            Whose::Plugin(name) => *name == of.plugin,
            Whose::Provider(name) => name == provider,
            _ => true,
        };
        if holds {
            all.push(budget);
        }
    }
    Ok(all)
}

/// What plugins and ticks may use within 24 hours.
pub(crate) fn unasked(config: &Config) -> Limit {
    Limit { whose: Whose::Unasked, within: DAY, unit: Unit::Tokens, allowed: config.number(DAILY) }
}

/// `plugin:reflect day 50000 tokens`, `month 20 usd`.
fn parse(text: &str) -> Option<(Whose, Budget)> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let whose = match words.first()?.split_once(':') {
        Some(("project", name)) => Whose::Project(name.into()),
        Some(("plugin", name)) => Whose::Plugin(name.into()),
        Some(("provider", name)) => Whose::Provider(name.into()),
        Some(_) => return None,
        None => Whose::All,
    };
    if whose != Whose::All {
        words.remove(0);
    }
    let [period, amount, unit] = words[..] else { return None };
    let (within, period) = match period {
        "day" => (DAY, "24 hours"),
        "month" => (MONTH, "30 days"),
        _ => return None,
    };
    let (unit, allowed) = match unit {
        "tokens" => (Unit::Tokens, amount.parse().ok()?),
        "usd" => {
            let dollars = amount.parse::<f64>().ok().filter(|d| (0.0..=1e9).contains(d))?;
            (Unit::Money, (dollars * 1e6) as u64)
        }
        _ => return None,
    };
    let said = match &whose {
        Whose::All => format!("for {period}"),
        _ => format!("of {} for {period}", text.split_whitespace().next()?.replace(':', " ")),
    };
    Some((
        whose.clone(),
        Budget::new(whose, within, unit, allowed, &said, &format!("`model.budgets` in kairos.toml (\"{text}\")")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    #[test]
    fn each_question_meets_the_budgets_that_are_its_own() {
        let mut config = Config::default();
        let toml = r#"model.budgets = ["day 2 usd", "project:mine month 0.5 usd", "plugin:reflect day 9000 tokens", "provider:openai day 1 usd"]"#;
        config.merge("kairos.toml", toml, Trust::User).unwrap();
        let occasion = |kind, plugin: &str, project: &str| Occasion {
            kind,
            plugin: plugin.into(),
            project: project.into(),
            name: "d".into(),
        };
        let of = |occasion: &Occasion, provider, day| budgets(&config, occasion, provider, day).unwrap();
        let told = |all: Vec<Budget>| all.iter().map(|b| format!("{} {}", b.shown(b.limit.allowed), b.whose)).collect::<Vec<_>>();
        assert_eq!(
            told(of(&occasion(Kind::Plugin, "reflect", "mine"), "ollama", Some(7))),
            [
                "7 tokens of this plugin for 24 hours",
                "30000 tokens of this dream",
                "100000 tokens that nobody asked for, of 24 hours,",
                "$2.0000 for 24 hours",
                "$0.5000 of project mine for 30 days",
                "9000 tokens of plugin reflect for 24 hours"
            ]
        );
        let asked = of(&occasion(Kind::Ask, "", "other"), "openai", None);
        assert_eq!(told(asked.clone())[1..], ["$2.0000 for 24 hours", "$1.0000 of provider openai for 24 hours"]);
        assert!(asked[0].setting.contains("tokens-an-ask"));
        assert!(
            asked[1].over(10, 5).to_string().contains("of the $2.0000 for 24 hours $0.0000 are left"),
            "{}",
            asked[1].over(10, 5)
        );
    }

    #[test]
    fn what_is_no_budget_is_told() {
        for wrong in
            ["", "day", "day 2", "week 2 usd", "day x usd", "day -1 usd", "user:me day 2 usd", "day 2.5 tokens", "day 2 usd now"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
