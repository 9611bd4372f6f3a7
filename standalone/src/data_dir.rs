//! The data folder: one process owns it, and `standalone.json` in it says where to find that process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

const LOCK_FILE: &str = "standalone.lock";
const ADDRESSES_FILE: &str = "standalone.json";

/// Addresses of a running system, as `standalone.json` has them.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    pub collector_url: String,
    pub internal_url: String,
    pub studio_url: String,
    pub kafka_bootstrap: String,
    pub registry_url: String,
    pub store_url: String,
    pub write_key: String,
    pub site_id: String,
    pub shop_url: String,
    pub shop_origin: String,
    pub pid: u32,
}

/// A data folder that this process owns; the lock goes with the process, also by SIGKILL.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder where needed and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK_FILE))
            .with_context(|| format!("cannot write in the data folder {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another standalone runs on the data folder {}: stop it, or name another folder with --data-dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock the data folder {}", path.display()));
            }
        }
        let folder = Self { path, _lock: lock };
        folder.withdraw();
        Ok(folder)
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `standalone.json`, whole or not at all.
    pub fn announce(&self, addresses: &Addresses) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(&serde_json::to_vec_pretty(addresses)?)?;
        let path = self.path.join(ADDRESSES_FILE);
        file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// Removes `standalone.json`: what it says no longer holds.
    pub fn withdraw(&self) {
        // absent is fine, and a file that cannot be removed is written over at the next start
        let _ = std::fs::remove_file(self.path.join(ADDRESSES_FILE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_refused_and_told_why() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let error = DataDir::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("another standalone runs on"), "{error}");
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }
}
