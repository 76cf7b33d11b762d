//! Between Rust's types and SQLite's.

use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::str::FromStr;

/// SQLite's numbers are signed; what is larger than it can hold becomes its largest.
pub(crate) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A number that is never below zero.
pub(crate) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(index)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, n))
}

/// [`unsigned`], or NULL.
pub(crate) fn maybe_unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    let n: Option<i64> = row.get(index)?;
    n.map(|n| u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, n))).transpose()
}

/// A value kept as JSON text.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str().map_err(|e: FromSqlError| bad(index, e))?;
    serde_json::from_str(text).map_err(|e| bad(index, e))
}

/// A value kept by its name.
pub(crate) fn named<T: FromStr<Err: Display>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str().map_err(|e: FromSqlError| bad(index, e))?;
    text.parse().map_err(|e: T::Err| bad(index, std::io::Error::other(e.to_string())))
}

/// JSON text of a value.
pub(crate) fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn bad(index: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}
