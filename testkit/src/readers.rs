//! Other engines that read the tables.

use std::path::PathBuf;

/// Python with deltalake and DuckDB, as `infra/dev/setup.sh` installs it. Panics where it is not.
pub fn python() -> PathBuf {
    let cache = std::env::var_os("CT_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache/customer-telemetry")));
    let python = cache.expect("a home folder").join("readers/bin/python");
    assert!(python.exists(), "{} is missing: run infra/dev/setup.sh", python.display());
    python
}
