//! A memory that a person, a disk or a clock has damaged; on the real binary.
#![allow(missing_docs)]
