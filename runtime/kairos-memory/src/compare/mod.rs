//! What two sentences are to one another.
