//! Other engines that read the tables, and clients that ask the server.

use std::path::PathBuf;

/// Python with deltalake, DuckDB, psycopg, psql and ADBC, as `infra/dev/setup.sh` installs it. Panics where it is not.
pub fn python() -> PathBuf {
    installed("readers/bin/python")
}

/// Python with ClickHouse's engine, Spark and deltalake, if `infra/dev/setup.sh --engines` has installed them.
pub fn engines() -> Option<PathBuf> {
    Some(cache().join("engines/bin/python")).filter(|path| path.exists())
}

/// PostgreSQL's driver for Java, installed by the same. Panics where it is not.
pub fn pgjdbc() -> PathBuf {
    installed("pgjdbc/postgresql.jar")
}

/// Arrow's driver for Java that speaks Flight SQL, installed by the same. Panics where it is not.
pub fn flight_jdbc() -> PathBuf {
    installed("flight-jdbc/flight-sql-jdbc-driver.jar")
}

fn installed(path: &str) -> PathBuf {
    let path = cache().join(path);
    assert!(path.exists(), "{} is missing: run infra/dev/setup.sh", path.display());
    path
}

fn cache() -> PathBuf {
    let cache = std::env::var_os("CT_CACHE").map(PathBuf::from);
    cache.or_else(|| Some(std::env::home_dir()?.join(".cache/customer-telemetry"))).expect("a home folder")
}
