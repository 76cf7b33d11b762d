//! A folder of files that is written all or nothing, and its history in git.
