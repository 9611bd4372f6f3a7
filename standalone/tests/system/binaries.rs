//! Where the programs under test lie.

use std::path::{Path, PathBuf};

/// The root of the clone. Cargo runs tests in the folder of their crate.
pub(crate) fn clone_root() -> PathBuf {
    let folder = std::env::current_dir().expect("a working folder");
    folder.parent().expect("the crate lies in the clone").to_owned()
}

/// The program of that name from the build that these tests belong to. Cargo builds the programs of this crate only
/// for its tests; those of the other crates come from `cargo build --workspace`.
pub(crate) fn binary(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_standalone")).parent().expect("a program lies in a folder");
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first, as `make test` does", path.display());
    path
}
