//! The files in which a user switches the shell hook on.

use std::path::{Path, PathBuf};

/// What the help says to add, each shell's line as it is.
const OURS: [&str; 3] =
    [r#"eval "$(kairos-run shell-init bash)""#, r#"eval "$(kairos-run shell-init zsh)""#, "kairos-run shell-init fish | source"];
/// No such file is larger.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A line that switches the hook on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub text: String,
    /// Is it word for word what we said to add, in a file that is no link?
    pub ours: bool,
}

/// All such lines of this user.
pub fn hooks() -> Vec<Hook> {
    let Some(dirs) = directories::BaseDirs::new() else { return Vec::new() };
    let home = dirs.home_dir();
    let zsh = std::env::var_os("ZDOTDIR").filter(|d| !d.is_empty()).map_or_else(|| home.to_path_buf(), PathBuf::from);
    // fish keeps to the same place on each system.
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|d| d.is_absolute());
    let config = config.unwrap_or_else(|| home.join(".config"));
    let files = [home.join(".bashrc"), home.join(".bash_profile"), zsh.join(".zshrc"), config.join("fish/config.fish")];
    files.iter().flat_map(|file| in_file(file)).collect()
}

fn in_file(file: &Path) -> Vec<Hook> {
    let plain = file.symlink_metadata().is_ok_and(|m| m.is_file());
    if !file.metadata().is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE) {
        return Vec::new();
    }
    let Ok(bytes) = std::fs::read(file) else { return Vec::new() };
    let mut found = Vec::new();
    for (i, line) in lines(&bytes).enumerate() {
        let text = String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_string();
        if text.contains("kairos-run") && text.contains("shell-init") && !text.trim_start().starts_with('#') {
            let ours = plain && OURS.contains(&text.as_str());
            found.push(Hook { file: file.to_path_buf(), line: i + 1, text, ours });
        }
    }
    found
}

/// Takes lines of ours out of their file. All other bytes stay, and so does the file's mode.
pub fn remove(file: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(file)?;
    let ours = |line: &&[u8]| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        OURS.iter().any(|o| o.as_bytes() == line)
    };
    let kept: Vec<u8> = lines(&bytes).filter(|l| !ours(l)).collect::<Vec<_>>().concat();
    let mut new = file.as_os_str().to_owned();
    new.push(".kairos-new");
    let new = PathBuf::from(new);
    // A file of that name, or a link, would be somebody else's.
    let mut out = std::fs::File::create_new(&new)?;
    let done = std::io::Write::write_all(&mut out, &kept)
        .and_then(|()| out.set_permissions(file.metadata()?.permissions()))
        .and_then(|()| out.sync_all())
        .and_then(|()| std::fs::rename(&new, file));
    if done.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    done
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|b| *b == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_our_own_line_goes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".bashrc");
        let rest =
            b"export A=1\n# eval \"$(kairos-run shell-init bash)\"\n\xff\nif x; then eval \"$(kairos-run shell-init bash)\"; fi";
        let all = [b"eval \"$(kairos-run shell-init bash)\"\n".as_slice(), rest].concat();
        std::fs::write(&file, &all).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        let found: Vec<_> = in_file(&file).into_iter().map(|h| (h.line, h.ours)).collect();
        assert_eq!(found, [(1, true), (5, false)]);
        remove(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), rest);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
        // What a link leads to lies in somebody's dotfiles: shown, not touched.
        std::fs::write(&file, &all).unwrap();
        let link = dir.path().join(".zshrc");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(in_file(&link).iter().all(|h| !h.ours));
    }
}
