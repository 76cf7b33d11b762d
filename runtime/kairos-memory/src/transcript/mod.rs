//! What was observed, word for word: append-only files of one day each.
