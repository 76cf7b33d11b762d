//! Running and observing commands: a transparent PTY, shell hooks.
