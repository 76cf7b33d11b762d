//! SQLite: one writer, migrations with a backup, one schema module for each owner.
