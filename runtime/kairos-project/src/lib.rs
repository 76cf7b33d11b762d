//! The read-only view of a project: files, search, git.
