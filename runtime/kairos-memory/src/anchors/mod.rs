//! Whether what a claim points at in the project is still so.
