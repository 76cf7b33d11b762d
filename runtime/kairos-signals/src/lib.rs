//! What is watched: files, git, idleness.
