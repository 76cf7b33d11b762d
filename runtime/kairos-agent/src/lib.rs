//! The tick loop: signals, detectors, governing, inbox, journal.
