//! The few file system calls that a vault makes. A file appears whole and durable or not at all, and every call is a step at which
//! a test can stop.

use super::error::{Error, Result};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// A file's bytes; none where there is none. A link is not followed.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let open = OpenOptions::new().read(true).custom_flags((rustix::fs::OFlags::NOFOLLOW).bits() as i32).open(path);
    let mut file = match open {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    Ok(Some(bytes))
}

/// Reads every file below a folder, for the errors that the disk may give.
pub(super) fn probe(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(Error::io("look at", &entry.path()))?);
        if kind.is_dir() {
            probe(&path)?;
        } else if kind.is_file() {
            let mut file = File::open(&path).map_err(Error::io("read", &path))?;
            io::copy(&mut file, &mut io::sink()).map_err(Error::io("read", &path))?;
        }
    }
    Ok(())
}

/// May something be made in this folder?
pub(super) fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Makes the folder and those above it, readable for the user alone.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    let made = step().and_then(|()| fs::DirBuilder::new().mode(0o700).create(path));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => {
            Err(Error::io("make the folder", path)(error))
        }
        _ => path.parent().map_or(Ok(()), sync_folder),
    }
}

/// Writes a new file that is durable but not yet under its name. Its folder is made.
pub(super) fn stage(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> Result<()> {
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    remove(path)?;
    create(path, bytes, permissions).map_err(|error| {
        let _ = remove(path);
        Error::io("write", path)(error)
    })
}

/// Writes a new file and makes its bytes durable. Fails where there is one.
pub(super) fn create(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    step()?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let Some(permissions) = permissions {
        step()?;
        file.set_permissions(permissions)?;
    }
    step()?;
    file.write_all(bytes)?;
    step()?;
    file.sync_all()
}

/// Gives a staged file its name. Durable after [`sync_folder`].
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    step().and_then(|()| fs::rename(from, to)).map_err(Error::io("replace", to))
}

/// Swaps two folders at once, where the file system can; tells whether it could.
pub(super) fn exchange(one: &Path, other: &Path) -> Result<bool> {
    use rustix::io::Errno;
    let swapped = step().and_then(|()| {
        Ok(rustix::fs::renameat_with(rustix::fs::CWD, one, rustix::fs::CWD, other, rustix::fs::RenameFlags::EXCHANGE)?)
    });
    match swapped {
        Ok(()) => Ok(true),
        Err(error)
            if [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP].iter().any(|e| error.raw_os_error() == Some(e.raw_os_error())) =>
        {
            Ok(false)
        }
        Err(error) => Err(Error::io("replace", other)(error)),
    }
}

/// Deletes a file, if there is one.
pub(super) fn remove(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    match step().and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Deletes a folder with all that is in it, if there is one.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match step().and_then(|()| fs::remove_dir_all(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let synced = step().and_then(|()| File::open(path)?.sync_all());
    match synced {
        // Some network file systems can't, and need not.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other.map_err(Error::io("make durable", path)),
    }
}

/// A whole file at once: staged beside it, renamed, durable.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".new");
    stage(Path::new(&staged), bytes, None)?;
    rename(Path::new(&staged), path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The permissions to give a file that takes this one's place, if it is there.
pub(super) fn permissions(path: &Path) -> Result<Option<Permissions>> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(Permissions::from_mode(metadata.permissions().mode() & 0o777))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

#[cfg(not(test))]
#[inline(always)]
fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
fn step() -> io::Result<()> {
    fault::step()
}

/// Stops at a chosen step: for good, as if the process had been killed, or once, as if the disk had failed.
#[cfg(test)]
pub(super) mod fault {
    use std::cell::Cell;
    use std::io;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Fault {
        Kill,
        Fail(io::ErrorKind),
    }

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
        static AT: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
    }

    pub fn arm(fault: Option<(usize, Fault)>) {
        COUNT.set(0);
        AT.set(fault);
    }

    /// How many steps were made since `arm`.
    pub fn steps() -> usize {
        COUNT.get()
    }

    pub fn step() -> io::Result<()> {
        let now = COUNT.get();
        COUNT.set(now + 1);
        match AT.get() {
            Some((at, Fault::Kill)) if now >= at => Err(io::Error::other("killed")),
            Some((at, Fault::Fail(kind))) if now == at => Err(kind.into()),
            _ => Ok(()),
        }
    }
}
