//! Who answers.

use super::lists::Page;
use super::text::{Cell, dim, plain, table};
use kairos_api::{ModelInfo, Models};
use kairos_core::finding::one_line;

impl Page {
    /// `/model`.
    pub fn models(&self, models: &Models) -> String {
        let chosen = models.chosen.as_ref().map(|_| (&models.first, "answers in this conversation, and no other"));
        let by_settings = models.models.iter().enumerate().map(|(n, model)| {
            let when = match (n, chosen.is_some()) {
                (0, false) => "answers",
                (_, false) => "where the one before does not answer",
                (_, true) => "by the settings",
            };
            (model, when)
        });
        let row = |(model, when): (&ModelInfo, &str)| -> Vec<Cell> {
            vec![plain(&model.model), plain(&model.provider), dim(&model.host), dim(when)]
        };
        let rows: Vec<Vec<Cell>> = chosen.into_iter().chain(by_settings).map(row).collect();
        table(self.paint, &["MODEL", "PROVIDER", "AT", "WHEN"], &rows, self.width)
    }

    /// `/model NAME`.
    pub fn chosen(&self, models: &Models) -> String {
        let ModelInfo { model, provider, host } = &models.first;
        let what = one_line(&format!("{model} of {provider}, at {host},"));
        match models.chosen {
            Some(_) => format!("{what} answers in this conversation from now on, and no other\n"),
            None => format!("{what} answers, as the settings say\n"),
        }
    }
}
