//! Whether a staged file is too large or of a kind that git keeps badly. Pure.

const MIB: u64 = 1 << 20;
/// A file over this is told whatever it is.
const LARGE: u64 = 5 * MIB;
/// A data format that git can't compare is told from here on.
const BINARY: u64 = MIB;

/// Why a staged file is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staged {
    /// Its size.
    Large,
    /// An archive, a program, a recording, a database.
    Binary,
    /// What a build leaves behind, and makes again.
    BuildOutput,
}

/// Judges by name and size; `added`: HEAD doesn't have it yet. A pointer of git-lfs is a few hundred bytes, and so never told.
pub fn judge(path: &str, size: u64, added: bool) -> Option<Staged> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    if size >= LARGE {
        return Some(Staged::Large);
    }
    // What is in HEAD already was decided on.
    if !added || size < 200 || name == "gradle-wrapper.jar" {
        return None;
    }
    const OUTPUT: &[&str] = &["o", "obj", "pyc", "pyo", "class", "rlib", "rmeta", "pdb", "ilk", "gcda", "gcno", "hi", "beam"];
    const BINARIES: &[&str] = &[
        "exe",
        "dll",
        "so",
        "dylib",
        "a",
        "lib",
        "jar",
        "war",
        "apk",
        "ipa",
        "aab",
        "zip",
        "tar",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "zst",
        "7z",
        "rar",
        "iso",
        "dmg",
        "deb",
        "rpm",
        "msi",
        "mp4",
        "mov",
        "avi",
        "mkv",
        "webm",
        "psd",
        "blend",
        "sqlite",
        "sqlite3",
        "db",
        "mdb",
        "bin",
        "wasm",
        "onnx",
        "pt",
        "pth",
        "ckpt",
        "safetensors",
        "gguf",
        "h5",
        "parquet",
        "npy",
        "npz",
        "pkl",
        "dump",
        "bak",
        "vsix",
        "whl",
    ];
    let test_data = lower.split('/').any(|part| matches!(part, "tests" | "test" | "fixtures" | "testdata" | "test-data"));
    if test_data {
        return None;
    }
    if OUTPUT.contains(&extension) {
        return Some(Staged::BuildOutput);
    }
    (BINARIES.contains(&extension) && size >= BINARY).then_some(Staged::Binary)
}

/// `12.3 MiB`
pub fn megabytes(size: u64) -> String {
    let tenths = size * 10 / MIB;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staged_files() {
        let table = [
            ("data/a.csv", 6 * MIB, true, Some(Staged::Large)),
            ("data/a.csv", 6 * MIB, false, Some(Staged::Large)),
            ("tests/fixtures/a.bin", 6 * MIB, true, Some(Staged::Large)),
            ("app.exe", 2 * MIB, true, Some(Staged::Binary)),
            ("src/__pycache__/a.pyc", 900, true, Some(Staged::BuildOutput)),
            ("app.exe", 2 * MIB, false, None),
            ("model.onnx", 131, true, None),
            ("logo.png", 2 * MIB, true, None),
            ("gradle/wrapper/gradle-wrapper.jar", 61_000, true, None),
            ("tests/data/a.zip", 2 * MIB, true, None),
            ("small.zip", 2000, true, None),
            ("Cargo.lock", 300_000, true, None),
        ];
        for (path, size, added, expected) in table {
            assert_eq!(judge(path, size, added), expected, "{path}");
        }
        assert_eq!(megabytes(5 * MIB + MIB / 2), "5.5 MiB");
    }
}
