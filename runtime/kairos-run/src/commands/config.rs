//! `kairos-run config`.

use crate::cli::ConfigCommand;
use crate::config_files;
use crate::errors::advice;
use crate::paths::Paths;
use crate::view;
use crate::view::text::{Cell, Paint, dim, plain, table, width};
use anyhow::{Context, Result};
use kairos_core::config::{Config, Origin};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Shows settings, says where they are, or begins a file.
pub fn config(paths: &Paths, command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Show { project, json } => {
            let project = project.unwrap_or_else(|| PathBuf::from("."));
            let project = project.canonicalize().with_context(|| format!("there is no folder {}", project.display()))?;
            show(&config_files::load(&paths.config, Some(&project), &[])?, json.json)
        }
        ConfigCommand::Path(json) => path(paths, json.json),
        ConfigCommand::Init { project } => match project {
            Some(project) => init(&project.join("kairos.toml")),
            None => init(&paths.config),
        },
    }
}

fn show(config: &Config, as_json: bool) -> Result<()> {
    let origin = |o: &Origin| match o {
        Origin::Default => "default".to_string(),
        Origin::File(file) => file.clone(),
        Origin::CommandLine => "command line".into(),
    };
    if as_json {
        let all: Vec<_> = config
            .show()
            .map(|(s, value, o)| json!({"key": s.key, "value": value, "origin": origin(o), "default": s.default, "project": s.project, "doc": s.doc}))
            .collect();
        return view::print_json(&all);
    }
    let rows: Vec<Vec<Cell>> = config
        .show()
        .map(|(s, value, o)| {
            vec![plain(s.key), plain(value), if *o == Origin::Default { dim(origin(o)) } else { plain(origin(o)) }]
        })
        .collect();
    view::print(&table(Paint::for_stdout(), &["SETTING", "VALUE", "FROM"], &rows, width()))
}

fn path(paths: &Paths, as_json: bool) -> Result<()> {
    let here = std::env::current_dir().ok().and_then(|dir| config_files::project_file(&dir));
    let socket = kairos_api::socket_path(&paths.socket())?;
    let all = [
        ("settings", Some(paths.config.clone())),
        ("project", here),
        ("data", Some(paths.data.clone())),
        ("plugins", Some(paths.plugins())),
        ("cache", Some(paths.cache.clone())),
        ("socket", Some(socket)),
    ];
    if as_json {
        let map: serde_json::Map<_, _> = all.into_iter().map(|(name, path)| (name.to_string(), json!(path))).collect();
        return view::print_json(&map);
    }
    let shown = |path: &Option<PathBuf>| path.as_ref().map_or_else(|| "none here".into(), |p| p.display().to_string());
    view::print(&all.iter().map(|(name, path)| format!("{name:8}  {}\n", shown(path))).collect::<String>())
}

/// A file that is there is never overwritten.
fn init(file: &Path) -> Result<()> {
    let can_not = || format!("can't write {}", file.display());
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(can_not)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut out) => out.write_all(Config::template().as_bytes()).with_context(can_not)?,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            return Err(advice(format!("{} is there already", file.display()), "edit it, or move it away"));
        }
        Err(e) => return Err(e).with_context(can_not),
    }
    view::print(&format!("wrote {}: every setting with its default, commented out\n", file.display()))
}
