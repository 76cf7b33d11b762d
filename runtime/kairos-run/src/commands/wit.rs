//! `kairos-run plugin wit`: the contract, as this build serves it.

use crate::view;
use anyhow::{Context, Result};
use std::path::Path;

const FILES: [(&str, &str); 9] = [
    ("host/types.wit", include_str!("../../../../wit/host/types.wit")),
    ("host/model.wit", include_str!("../../../../wit/host/model.wit")),
    ("host/services.wit", include_str!("../../../../wit/host/services.wit")),
    ("host/memory.wit", include_str!("../../../../wit/host/memory.wit")),
    ("detector/detector.wit", include_str!("../../../../wit/detector/detector.wit")),
    ("tool/tool.wit", include_str!("../../../../wit/tool/tool.wit")),
    ("dream/dream.wit", include_str!("../../../../wit/dream/dream.wit")),
    ("buddy/buddy.wit", include_str!("../../../../wit/buddy/buddy.wit")),
    ("SIGNALS.md", include_str!("../../../../wit/SIGNALS.md")),
];

/// Prints the contract, or writes its files below `out`: one folder a package.
pub fn wit(out: Option<&Path>) -> Result<()> {
    let Some(out) = out else {
        return FILES.iter().try_for_each(|(name, text)| view::print(&format!("// {name}\n{text}\n")));
    };
    for (name, text) in FILES {
        let file = out.join(name);
        let folder = file.parent().unwrap_or(out);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, text))
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    view::print(&format!("wrote {} files to {}\n", FILES.len(), out.display()))
}
