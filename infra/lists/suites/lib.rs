//! Nothing: the manifest only pins crates whose test data is read.
