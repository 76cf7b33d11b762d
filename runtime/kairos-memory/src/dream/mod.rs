//! Dreams: operations checked against evidence, carried out as one change, undone byte for byte.
