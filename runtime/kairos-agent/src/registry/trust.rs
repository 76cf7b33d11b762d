//! The user's trust in the plugins that a project brings.

use super::Registry;
use crate::now;
use crate::project_plugins::Offer;
use crate::scan::{Place, Source};
use kairos_api::{ProjectFile, ProjectTrust};
use kairos_store::{StoreError, TrustedProject};

impl Registry {
    pub(super) async fn is_trusted(&self, place: &Place, offer: &Offer) -> Result<bool, StoreError> {
        let trusted = self.user.trusted_project(&place.root.to_string_lossy()).await?;
        Ok(trusted.is_some_and(|t| t.digest == offer.digest))
    }

    /// What a project brings, and whether the user trusts it.
    pub(crate) async fn project_trust(&self, place: &Place) -> Result<ProjectTrust, StoreError> {
        let project = place.root.display().to_string();
        // A folder that does not answer brings nothing for now.
        let Ok(Some(offer)) = self.offer(place).await else {
            return Ok(ProjectTrust { project, ..ProjectTrust::default() });
        };
        let trusted = self.is_trusted(place, &offer).await?;
        let file = |(name, c): &(String, crate::scan::Candidate)| match &c.source {
            Source::Untrusted { stamp, hash } => Some(ProjectFile {
                name: name.clone(),
                file: c.origin.file(&c.file_name).unwrap_or_default().display().to_string(),
                size: stamp.size,
                content_hash: hash.clone(),
            }),
            _ => None,
        };
        let files = offer.plugins.iter().filter_map(file).collect();
        Ok(ProjectTrust { project, digest: offer.digest, trusted, files })
    }

    /// Trusts the files of that digest, whether or not they are those that lie there; the next look tells.
    pub(crate) async fn trust(&self, place: &Place, digest: String) -> Result<(), StoreError> {
        let path = place.root.to_string_lossy().into_owned();
        self.user.trust_project(TrustedProject { path, digest, trusted_at: now() }).await
    }

    /// Takes the trust back. The plugins end with the next reload.
    pub(crate) async fn distrust(&self, place: &Place) -> Result<(), StoreError> {
        self.user.distrust_project(&place.root.to_string_lossy()).await.map(drop)
    }
}
