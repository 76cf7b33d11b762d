//! Dreams, as the API asks for them. All but dreaming itself works on the files of the memory, as the command line does.

use super::ProjectHandle;
use crate::agent::Agent;
use crate::dreams::{Breaker, DreamError, Sleeper, open};
use crate::now;
use crate::upkeep::USERS;
use kairos_api::{
    ApiError, ApiResult, DreamFilter, DreamRequest, DreamSteps, DreamStrategies, DreamSummary, ErrorKind, InboxAction,
};
use kairos_core::dream::{Dream, Reverted};
use kairos_core::recall::Owner;
use kairos_memory::dream::Policy;
use kairos_memory::memory::{Error, Memory, Result};

impl Agent {
    pub(super) async fn dream_now(&self, request: DreamRequest) -> ApiResult<Dream> {
        self.manners.saw(now());
        let sleeper = self.sleeper(request.project.as_deref())?;
        self.dream_asked(sleeper, request).await.map_err(refusal)
    }

    pub(super) async fn list_dreams(&self, filter: DreamFilter) -> ApiResult<Vec<DreamSummary>> {
        self.with_memory(filter.project, |memory| Ok(memory.dreams()?.iter().map(DreamSummary::from).collect())).await
    }

    pub(super) async fn show_dream(&self, id: &str, filter: DreamFilter) -> ApiResult<Dream> {
        let id = id.to_owned();
        self.with_memory(filter.project, move |memory| memory.dream(&id)).await
    }

    pub(super) async fn accept_dream(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream> {
        let (id, DreamSteps { project, operations, .. }) = (id.to_owned(), steps);
        let fallen = self.sleeper(project.as_deref())?.fallen(&id).await.map_err(of_memory)?;
        self.with_memory(project, move |memory| memory.accept(&id, chosen(&operations), fallen, Policy::default(), now())).await
    }

    pub(super) async fn reject_dream(&self, id: &str, steps: DreamSteps) -> ApiResult<Dream> {
        let (id, DreamSteps { project, operations, .. }) = (id.to_owned(), steps);
        self.with_memory(project, move |memory| memory.reject(&id, chosen(&operations), now())).await
    }

    pub(super) async fn revert_dream(&self, id: &str, steps: DreamSteps) -> ApiResult<Reverted> {
        let (id, DreamSteps { project, operations, merge }) = (id.to_owned(), steps);
        self.with_memory(project, move |memory| memory.revert(&id, chosen(&operations), merge, now())).await
    }

    pub(super) async fn next_strategies(&self, filter: DreamFilter) -> ApiResult<Vec<String>> {
        let sleeper = self.sleeper(filter.project.as_deref())?;
        let set = self.with_memory(filter.project, |memory| memory.strategies()).await?;
        Ok(set.unwrap_or_else(|| sleeper.config.list("dream.strategies")))
    }

    pub(super) async fn set_strategies(&self, request: DreamStrategies) -> ApiResult<Vec<String>> {
        let DreamStrategies { project, strategies } = request;
        let used = self.with_memory(project.clone(), move |memory| {
            memory.use_strategies(&strategies, now())?;
            let private = memory.home().places.private.clone();
            Breaker::forgive(&private, now()).map_err(|source| Error::Read { path: private, source })
        });
        used.await?;
        self.next_strategies(DreamFilter { project }).await
    }

    /// What the user wants with a dream that waits in the inbox: the item leaves it as the dream is decided.
    pub(super) async fn decide_dream(
        &self,
        project: &ProjectHandle,
        whose: Owner,
        id: &str,
        action: InboxAction,
    ) -> ApiResult<()> {
        let name = match whose {
            Owner::Project => project.slug.clone(),
            Owner::User => USERS.into(),
        };
        let steps = DreamSteps { project: Some(name), ..DreamSteps::default() };
        match action {
            InboxAction::Accept => self.accept_dream(id, steps).await.map(drop),
            InboxAction::Dismiss => self.reject_dream(id, steps).await.map(drop),
            InboxAction::Snooze { .. } => Ok(()),
        }
    }

    /// A project's memory, or the user's own.
    fn sleeper(&self, name: Option<&str>) -> ApiResult<Sleeper> {
        if name != Some(USERS) {
            return Ok(self.project(name)?.sleeper());
        }
        self.users_sleeper().ok_or_else(|| {
            ApiError::new(ErrorKind::Conflict, "no project is watched, so there is nobody to hear from")
                .with_hint("kairos-run project add DIR")
        })
    }

    /// Does something with a memory, and brings the inbox in line with what came of it.
    async fn with_memory<T: Send + 'static>(
        &self,
        project: Option<String>,
        work: impl FnOnce(&Memory) -> Result<T> + Send + 'static,
    ) -> ApiResult<T> {
        self.manners.saw(now());
        let sleeper = self.sleeper(project.as_deref())?;
        let home = sleeper.dreaming.home().clone();
        let done = crate::drift::blocking(move || work(&open(home)?)).await;
        sleeper.review().await;
        done.map_err(of_memory)
    }
}

/// None for all.
fn chosen(operations: &[usize]) -> Option<&[usize]> {
    Some(operations).filter(|all| !all.is_empty())
}

fn refusal(error: DreamError) -> ApiError {
    match error {
        DreamError::NoStrategy(_) => ApiError::not_found(error.to_string())
            .with_hint("`kairos-run plugin list` shows what there is, and what waits for your grant"),
        DreamError::Strategy { .. } => ApiError::new(ErrorKind::Conflict, error.to_string())
            .with_hint("`kairos-run plugin info` tells more; `dream now --strategy NAME` asks another"),
        DreamError::Unable { ref strategy, .. } => ApiError::new(ErrorKind::Conflict, error.to_string()).with_hint(format!(
            "`kairos-run plugin info {strategy}` tells what it may do, `kairos-run doctor` which model there is"
        )),
        DreamError::UnderWay | DreamError::Elsewhere => ApiError::new(ErrorKind::Conflict, error.to_string())
            .with_hint("it takes minutes at most; then `kairos-run dream list`"),
        DreamError::Memory(error) => of_memory(error),
        error => ApiError::new(ErrorKind::Conflict, error.to_string()),
    }
}

#[allow(clippy::needless_pass_by_value)]
fn of_memory(error: Error) -> ApiError {
    let kind = if matches!(error, Error::NoDream(_)) { ErrorKind::NotFound } else { ErrorKind::Conflict };
    ApiError::new(kind, error.to_string())
}
