//! What the user wants looked at at set times.

use super::{Client, ClientResult, of_project};
use crate::{ProjectFilter, Schedule};

impl Client {
    /// See [`crate::Control::schedules`].
    pub async fn schedules(&self, filter: &ProjectFilter) -> ClientResult<Vec<Schedule>> {
        self.get(&format!("/v1/schedules{}", of_project(filter.project.as_deref()))).await
    }
}
