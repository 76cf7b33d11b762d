//! What other programs have written down, taken over as observations. Files are only read.
