//! Reading what the system has in memory, without a thread that may wait.
//!
//! Handing a read to a thread and back costs more than the read of a source file that somebody has just saved. Linux can be
//! asked to open a path only if it knows all of it (`RESOLVE_CACHED`, Linux 5.12), and to read only what is in the page cache
//! (`RWF_NOWAIT`); so nothing here waits for a disk. Whatever it refuses is read the other way, with the other way's errors.
//! Opening a file on a network disk asks its server all the same, so this is for disks of this machine alone.

use cap_std::fs::Dir;

/// Bytes that are copied while others wait for their turn: some ten microseconds.
const MOST: u64 = 64 * 1024;

/// At most `length` bytes from `offset` of a regular file, if it is at hand and no link leads there. `path` is normalised.
#[cfg(target_os = "linux")]
pub(crate) fn read(dir: &Dir, path: &str, offset: u64, length: u32) -> Option<Vec<u8>> {
    use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;

    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV | ResolveFlags::CACHED;
    let open = |flags| openat2(dir, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve).ok();
    let size_of = |file: &rustix::fd::OwnedFd| {
        let stat = fstat(file).ok()?;
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(u64::try_from(stat.st_size).ok()?)
    };
    // To open a device can have effects, so it is only named before its kind is known; and it may be swapped in between.
    size_of(&open(OFlags::PATH)?)?;
    let file = open(OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let wanted = u64::from(length).min(size_of(&file)?.saturating_sub(offset));
    // Empty files may be those of /proc, which hold more than they say.
    if wanted == 0 || wanted > MOST {
        return None;
    }
    let mut bytes = vec![0; wanted as usize];
    let read = preadv2(&file, &mut [IoSliceMut::new(&mut bytes)], offset, ReadWriteFlags::NOWAIT).ok()?;
    (read == bytes.len()).then_some(bytes)
}

/// Is the folder on a file system that has its files on a disk, or in the memory, of this machine? Blocks.
#[cfg(target_os = "linux")]
pub(crate) fn is_local(dir: &Dir) -> bool {
    // ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, f2fs, bcachefs, zfs. Those that are not known go the other way.
    const LOCAL: [u64; 8] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0xf2f5_2010, 0xca45_1a4e, 0x2fc1_2fc1];
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast)] // the type differs between systems; it is a bit pattern
    rustix::fs::fstatfs(dir).is_ok_and(|fs| LOCAL.contains(&(fs.f_type as u64 & 0xffff_ffff)))
}

/// Never asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_local(_: &Dir) -> bool {
    false
}

/// Other systems can't be asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read(_: &Dir, _: &str, _: u64, _: u32) -> Option<Vec<u8>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_that_no_link_leads_to_are_at_hand() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/a.txt"), "hello").unwrap();
        std::fs::write(root.join("empty"), "").unwrap();
        std::fs::write(root.join("large"), vec![b'x'; MOST as usize + 1]).unwrap();
        std::fs::write(folder.path().join("outside"), "secret").unwrap();
        symlink("sub/a.txt", root.join("link")).unwrap();
        symlink("sub", root.join("folder-link")).unwrap();
        symlink("../outside", root.join("out")).unwrap();
        let dir = Dir::open_ambient_dir(&root, cap_std::ambient_authority()).unwrap();
        let proc = Dir::open_ambient_dir("/proc", cap_std::ambient_authority()).unwrap();
        assert!(!is_local(&proc));
        for refused in ["link", "folder-link/a.txt", "out", "../outside", "/etc/passwd", "sub", "none", "empty", "large", ""] {
            assert_eq!(read(&dir, refused, 0, 1 << 20), None, "{refused}");
        }
        // Old kernels and some file systems have nothing at hand, ever; what is handed out is right.
        for (offset, length, expected) in [(0, 100, "hello"), (1, 3, "ell"), (4, 9, "o")] {
            let bytes = read(&dir, "sub/a.txt", offset, length);
            assert!(bytes.is_none_or(|b| b == expected.as_bytes()));
        }
        assert_eq!(read(&dir, "sub/a.txt", 5, 1), None);
        assert_eq!(read(&dir, "large", 3, 10).unwrap_or(vec![b'x'; 10]), vec![b'x'; 10]);
    }
}
