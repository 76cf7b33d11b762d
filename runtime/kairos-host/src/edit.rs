//! Changing files of the project, behind the right to propose that. Whether a change may be made is the port's to judge.

use crate::bindings::wit;
use crate::bindings::wit::edit as api;
use crate::context::Context;
use kairos_core::edit::FileEdit;
use wasmtime::Result;

impl api::Host for Context {
    async fn apply(&mut self, changes: Vec<api::Change>) -> Result<std::result::Result<(), wit::types::Error>> {
        self.enter()?;
        let edit = |c: api::Change| FileEdit { path: c.path, expected: c.expected, content: c.content };
        let edits: Vec<FileEdit> = changes.into_iter().map(edit).collect();
        let noted: Vec<(String, usize)> =
            edits.iter().map(|e| (e.path.clone(), e.content.as_ref().map_or(0, Vec::len))).collect();
        let answer = async {
            let port = self.access.edit(&edits)?;
            port.apply(edits).await
        }
        .await;
        self.note("edit.apply", noted, &answer);
        Ok(answer.map_err(Into::into))
    }
}
