//! What the model is woken for at set times.

use super::lists::Page;
use super::text::{Cell, ago, date, dim, plain, table};
use kairos_api::Schedule;
use kairos_core::finding::one_line;

impl Page {
    /// `schedule list`.
    pub fn schedules(&self, all: &[Schedule]) -> String {
        if all.is_empty() {
            return "Nothing is scheduled; `kairos-run schedule list --help` says how it would be.\n".into();
        }
        let row = |s: &Schedule| -> Vec<Cell> {
            let next = s.next.map_or("never".to_owned(), |at| date(at, &self.zone));
            let last = s.last.map_or("not yet".to_owned(), |at| ago(at, self.now));
            vec![plain(next), dim(last), plain(one_line(&s.when)), dim(one_line(&s.project)), plain(one_line(&s.wish))]
        };
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        table(self.paint, &["NEXT", "LAST", "WHEN", "PROJECT", "WHAT"], &rows, self.width)
    }
}
