//! What stays as it is within what is writable, on Linux. Landlock's rules only add up along a path, so something below a writable
//! folder is kept from change by being mounted over itself, to be read only, where nobody but the command sees it.

use super::launch::Order;
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{getegid, geteuid};
use std::collections::BTreeSet;
use std::ffi::{CString, c_ulong};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// To be called while there is one thread. Where it fails, some or all of it can be changed.
pub(super) fn fix(order: &Order) -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    // Who is no administrator is one in a user namespace of his own, where he is also himself.
    if unshare(libc::CLONE_NEWNS).is_err() {
        unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS)?;
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    }
    mount(None, Path::new("/"), libc::MS_REC | libc::MS_PRIVATE)?;
    // A folder on the way could be moved aside together with what is mounted in it, unless it is mounted itself.
    let on_the_way = |path: &Path| {
        let is_within = |folder: &&Path| order.writable.iter().any(|w| folder.starts_with(w) && *folder != w);
        path.ancestors().skip(1).take_while(is_within).map(Path::to_path_buf).collect::<Vec<_>>()
    };
    // The outer ones first.
    let pinned: BTreeSet<_> = order.fixed.iter().flat_map(|path| on_the_way(path)).collect();
    pinned.iter().try_for_each(|path| mount(Some(path), path, libc::MS_BIND | libc::MS_REC))?;
    for path in &order.fixed {
        let has = statvfs(path)?.f_flag;
        let flags = [
            (StatVfsMountFlags::NOSUID, libc::MS_NOSUID),
            (StatVfsMountFlags::NODEV, libc::MS_NODEV),
            (StatVfsMountFlags::NOEXEC, libc::MS_NOEXEC),
        ];
        // Those may not be taken away.
        let kept = flags.iter().filter(|(flag, _)| has.contains(*flag)).fold(0, |all, (_, flag)| all | flag);
        mount(Some(path), path, libc::MS_BIND)?;
        mount(None, path, libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | kept)?;
    }
    Ok(())
}

fn unshare(what: i32) -> io::Result<()> {
    // SAFETY: the call takes no pointers, and what it parts from are not descriptors.
    #[allow(unsafe_code)]
    check(unsafe { libc::unshare(what) })
}

fn mount(source: Option<&Path>, target: &Path, flags: c_ulong) -> io::Result<()> {
    let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
    let (source, target) = (source.map(text).transpose()?, text(target)?);
    let source = source.as_ref().map_or(std::ptr::null(), |source| source.as_ptr());
    // SAFETY: both are texts that end with a NUL and outlive the call, or null, which these mounts may have for what is not needed.
    #[allow(unsafe_code)]
    check(unsafe { libc::mount(source, target.as_ptr(), std::ptr::null(), flags, std::ptr::null()) })
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
