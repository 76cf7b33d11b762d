//! The plugin host: engine, limits, grants, faults.
